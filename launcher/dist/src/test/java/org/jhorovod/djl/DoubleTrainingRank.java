package org.jhorovod.djl;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.JHorovod;

/**
 * A rank that trains a small model on the CPU, whose memory stands in for a device's where the
 * first argument is {@code device}. The second is the model's type. Prints how it went, as {@code
 * name=value}.
 */
public final class DoubleTrainingRank {
    private static final int FEATURES = 20;
    private static final int CLASSES = 4;
    // The second rank comes to its end a batch before the first.
    private static final int SAMPLES = 1001;
    private static final int BATCH = 50;

    private DoubleTrainingRank() {}

    /** Trains one epoch. */
    public static void main(String[] arguments) throws Exception {
        boolean isOnDevice = arguments[0].equals("device");
        DataType type = DataType.valueOf(arguments[1]);
        SynchronousCommunicator communicator =
                new SynchronousCommunicator(JHorovod.init().planned());
        DistributedConfig distributed =
                DistributedConfig.builder()
                        .optCommunicator(communicator)
                        .optSeed(3)
                        .place(new ReductionPlace(array -> isOnDevice))
                        .build();
        Engine.getInstance().setRandomSeed(17 + communicator.rank());
        try (NDManager manager = NDManager.newBaseManager();
                Model model = Model.newInstance("double")) {
            model.setDataType(type);
            model.setBlock(block());
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                            .optOptimizer(
                                    Optimizer.sgd()
                                            .setLearningRateTracker(Tracker.fixed(0.1f))
                                            .build());
            try (Trainer trainer = DistributedTrainer.create(model, config, distributed)) {
                trainer.initialize(new Shape(1, FEATURES));
                train(trainer, data(manager), type);
            }
            System.out.println("transport=" + communicator.transportName());
            System.out.println("reductions=" + communicator.deviceReductions());
            System.out.println("digest=" + ParameterDigest.sha256(model.getBlock()));
            System.out.println("parameters=" + elements(model.getBlock()));
        }
        JHorovod.shutdown();
    }

    private static Block block() {
        return new SequentialBlock()
                .add(Linear.builder().setUnits(16).build())
                .add(Activation::tanh)
                .add(Linear.builder().setUnits(CLASSES).build());
    }

    private static ArrayDataset data(NDManager manager) {
        Random random = new Random(20261125);
        float[] features = new float[SAMPLES * FEATURES];
        float[] labels = new float[SAMPLES];
        for (int sample = 0; sample < SAMPLES; sample++) {
            labels[sample] = random.nextInt(CLASSES);
            for (int i = 0; i < FEATURES; i++) {
                float mean = i % CLASSES == (int) labels[sample] ? 1 : 0;
                features[sample * FEATURES + i] = mean + (float) random.nextGaussian();
            }
        }
        return new ArrayDataset.Builder()
                .setData(manager.create(features, new Shape(SAMPLES, FEATURES)))
                .optLabels(manager.create(labels))
                .setSampling(BATCH, false)
                .build();
    }

    private static void train(Trainer trainer, ArrayDataset data, DataType type) throws Exception {
        for (Batch batch : trainer.iterateDataset(data)) {
            try (batch;
                    GradientCollector collector = trainer.newGradientCollector()) {
                NDArray features = batch.getData().head().toType(type, true);
                features.attach(batch.getManager());
                NDList predictions = trainer.forward(new NDList(features));
                collector.backward(trainer.getLoss().evaluate(batch.getLabels(), predictions));
            }
            trainer.step();
        }
    }

    private static String elements(Block block) {
        return NamedParameter.of(block).stream()
                .map(parameter -> parameter.array().toType(DataType.FLOAT64, true))
                .flatMap(wide -> Arrays.stream(wide.toDoubleArray()).boxed())
                .map(String::valueOf)
                .collect(Collectors.joining(","));
    }
}
