package org.jhorovod.launcher.endtoend;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jhorovod.djl.DistributedTrainer;
import org.jhorovod.djl.ParameterDigest;

/**
 * Trains a small network with dropout and Adam, and goes on from its checkpoints when it is started
 * again. Arguments: a folder, epochs, and how many milliseconds a step takes at least. Into the
 * folder's file {@code steps.RANK} it writes a line "attempt step ids..." before each step.
 */
public final class RestartProgram {
    private static final int FEATURES = 20;
    private static final int CLASSES = 4;
    private static final int SAMPLES = 1003;
    private static final int BATCH_SIZE = 8;
    private static final int SEED = 5;

    private RestartProgram() {}

    /** Runs the rank. */
    public static void main(String[] arguments) throws Exception {
        int epochs = Integer.parseInt(arguments[1]);
        long millis = Long.parseLong(arguments[2]);
        try (NDManager manager = NDManager.newBaseManager();
                Model model = Model.newInstance("restarted")) {
            model.setBlock(network());
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                            .optOptimizer(Optimizer.adam().build());
            manager.getEngine().setRandomSeed(SEED);
            try (DistributedTrainer trainer = DistributedTrainer.create(model, config)) {
                trainer.initialize(new Shape(1, FEATURES));
                System.out.println("begins after step " + trainer.progress().steps());
                Path steps = Path.of(arguments[0], "steps." + trainer.rank());
                ArrayDataset data = data(manager);
                while (trainer.progress().epochs() < epochs) {
                    for (Batch batch : trainer.iterateDataset(data)) {
                        step(trainer, batch, steps);
                        TimeUnit.MILLISECONDS.sleep(millis);
                    }
                }
                System.out.println("digest " + ParameterDigest.sha256(model.getBlock()));
            }
        }
    }

    private static void step(DistributedTrainer trainer, Batch batch, Path steps) throws Exception {
        try (batch;
                GradientCollector collector = trainer.newGradientCollector()) {
            NDList predictions = trainer.forward(batch.getData());
            NDArray loss = trainer.getLoss().evaluate(batch.getLabels(), predictions);
            collector.backward(loss);
        }
        // Before the step: a kill right after it must not lose the word of one that counts.
        StringBuilder line = new StringBuilder();
        line.append(System.getenv("JHOROVOD_GENERATION"));
        line.append(' ').append(trainer.progress().steps() + 1);
        batch.getIndices().forEach(id -> line.append(' ').append(id));
        Files.writeString(
                steps, line.append('\n'), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        trainer.step();
    }

    private static Block network() {
        return new SequentialBlock()
                .add(Linear.builder().setUnits(64).build())
                .add(Activation::tanh)
                .add(Dropout.builder().optRate(0.3f).build())
                .add(Linear.builder().setUnits(CLASSES).build());
    }

    private static ArrayDataset data(NDManager manager) {
        Random random = new Random(20261126);
        float[] features = new float[SAMPLES * FEATURES];
        float[] labels = new float[SAMPLES];
        for (int i = 0; i < features.length; i++) {
            features[i] = (float) random.nextGaussian();
        }
        for (int i = 0; i < SAMPLES; i++) {
            labels[i] = features[i * FEATURES] > 0 ? i % CLASSES : 0;
        }
        return new ArrayDataset.Builder()
                .setData(manager.create(features, new Shape(SAMPLES, FEATURES)))
                .optLabels(manager.create(labels))
                .setSampling(BATCH_SIZE, true)
                .build();
    }
}
