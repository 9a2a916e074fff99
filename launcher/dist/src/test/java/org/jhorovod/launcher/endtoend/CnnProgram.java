package org.jhorovod.launcher.endtoend;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.djl.DistributedTrainer;

/**
 * Trains a small network that is smooth everywhere for 50 steps of seeded data, and writes its
 * parameters into a file: argument 0, to which each rank adds its number. Says where it is, and a
 * digest of the parameters.
 */
public final class CnnProgram {
    private static final int SIDE = 8;
    private static final int CLASSES = 10;
    private static final int STEPS = 50;
    private static final int BATCH_SIZE = 4;

    private CnnProgram() {}

    /** Runs the rank. */
    public static void main(String[] arguments) throws Exception {
        Topology place = JHorovod.init().topology();
        int rank = place.rank();
        int samples = STEPS * BATCH_SIZE * place.size();
        // Ranks differ before rank 0's parameters are broadcast.
        Engine.getInstance().setRandomSeed(17 + rank);
        try (NDManager manager = NDManager.newBaseManager();
                Model model = Model.newInstance("cnn")) {
            model.setBlock(network());
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                            .optOptimizer(
                                    Optimizer.sgd()
                                            .setLearningRateTracker(Tracker.fixed(0.1f))
                                            .build());
            try (Trainer trainer = DistributedTrainer.create(model, config)) {
                trainer.initialize(new Shape(1, 1, SIDE, SIDE));
                EasyTrain.fit(trainer, 1, data(manager, samples), null);
            }
            byte[] parameters = parameters(model);
            Files.write(Path.of(arguments[0] + rank), parameters);
            System.out.println(Place.of(place));
            System.out.printf(
                    "SHA-256 of rank %d's parameters: %s%n",
                    rank,
                    HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(parameters)));
        }
    }

    private static SequentialBlock network() {
        return new SequentialBlock()
                .add(convolution(4))
                .add(Activation::tanh)
                .add(Pool.avgPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                .add(convolution(8))
                .add(Activation::tanh)
                .add(Pool.avgPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                .add(Blocks.batchFlattenBlock())
                .add(Linear.builder().setUnits(CLASSES).build());
    }

    private static Conv2d convolution(int filters) {
        return Conv2d.builder()
                .setKernelShape(new Shape(3, 3))
                .optPadding(new Shape(1, 1))
                .setFilters(filters)
                .build();
    }

    private static ArrayDataset data(NDManager manager, int samples) {
        Random random = new Random(20261122);
        float[] pixels = new float[samples * SIDE * SIDE];
        float[] labels = new float[samples];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) random.nextGaussian();
        }
        for (int i = 0; i < samples; i++) {
            labels[i] = pixels[i * SIDE * SIDE] > 0 ? i % CLASSES : 0;
        }
        return new ArrayDataset.Builder()
                .setData(manager.create(pixels, new Shape(samples, 1, SIDE, SIDE)))
                .optLabels(manager.create(labels))
                .setSampling(BATCH_SIZE, false)
                .build();
    }

    private static byte[] parameters(Model model) {
        int count =
                model.getBlock().getParameters().values().stream()
                        .mapToInt(parameter -> (int) parameter.getArray().size())
                        .sum();
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES);
        for (Parameter parameter : model.getBlock().getParameters().values()) {
            NDArray array = parameter.getArray();
            for (float element : array.toFloatArray()) {
                bytes.putFloat(element);
            }
        }
        return bytes.array();
    }
}
