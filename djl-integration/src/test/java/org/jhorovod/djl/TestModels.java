package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.Random;

/** Small models and seeded data for the cases. */
final class TestModels {
    static final int CLASSES = 10;
    static final int SIDE = 8;
    static final Shape IMAGE = new Shape(1, 1, SIDE, SIDE);

    private TestModels() {}

    /** A model by name; all take images of {@link #IMAGE}'s shape. */
    static Block block(String name) {
        return switch (name) {
            case "tanh-mlp" ->
                    new SequentialBlock()
                            .add(Blocks.batchFlattenBlock())
                            .add(linear(32))
                            .add(Activation::tanh)
                            .add(linear(32))
                            .add(Activation::tanh)
                            .add(linear(CLASSES));
            case "tanh-cnn" ->
                    new SequentialBlock()
                            .add(conv(4))
                            .add(Activation::tanh)
                            .add(Pool.avgPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                            .add(conv(8))
                            .add(Activation::tanh)
                            .add(Pool.avgPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                            .add(Blocks.batchFlattenBlock())
                            .add(linear(CLASSES));
            case "relu-cnn" ->
                    new SequentialBlock()
                            .add(conv(4))
                            .add(Activation::relu)
                            .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                            .add(conv(8))
                            .add(Activation::relu)
                            .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                            .add(Blocks.batchFlattenBlock())
                            .add(linear(CLASSES));
            case "batch-norm" ->
                    new SequentialBlock()
                            .add(Blocks.batchFlattenBlock())
                            .add(linear(16))
                            .add(BatchNorm.builder().build())
                            .add(Activation::tanh)
                            .add(linear(CLASSES));
            case "dropout" ->
                    new SequentialBlock()
                            .add(Blocks.batchFlattenBlock())
                            .add(linear(64))
                            .add(Activation::tanh)
                            .add(Dropout.builder().optRate(0.5f).build())
                            .add(linear(CLASSES));
            case "two-types" ->
                    new SequentialBlock()
                            .add(Blocks.batchFlattenBlock())
                            .add(linear(16))
                            .add(Activation::tanh)
                            .add(new WideBlock(linear(24)))
                            .add(Activation::tanh)
                            .add(linear(CLASSES));
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static Block linear(int units) {
        return Linear.builder().setUnits(units).build();
    }

    private static Block conv(int filters) {
        return Conv2d.builder()
                .setKernelShape(new Shape(3, 3))
                .optPadding(new Shape(1, 1))
                .setFilters(filters)
                .build();
    }

    /** An optimizer by name. */
    static Optimizer optimizer(String name) {
        return switch (name) {
            case "sgd" -> Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.1f)).build();
            case "momentum" ->
                    Optimizer.sgd()
                            .setLearningRateTracker(Tracker.fixed(0.05f))
                            .optMomentum(0.9f)
                            .build();
            case "adamw" -> Optimizer.adamW().optLearningRateTracker(Tracker.fixed(0.001f)).build();
            case "decay" ->
                    Optimizer.sgd()
                            .setLearningRateTracker(
                                    Tracker.factor()
                                            .setBaseValue(0.1f)
                                            .setFactor(0.97f)
                                            .optMaxUpdates(100)
                                            .build())
                            .build();
            case "adam" -> Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.001f)).build();
            default -> throw new IllegalArgumentException(name);
        };
    }

    /**
     * Images of noise around a pattern of their class.
     *
     * @param shuffled whether the sampler is random
     */
    static ArrayDataset data(
            NDManager manager, int count, int batchSize, boolean shuffled, boolean dropLast) {
        Random random = new Random(20261122);
        float[][] patterns = new float[CLASSES][SIDE * SIDE];
        for (float[] pattern : patterns) {
            for (int i = 0; i < pattern.length; i++) {
                pattern[i] = (float) random.nextGaussian();
            }
        }
        float[] pixels = new float[count * SIDE * SIDE];
        float[] labels = new float[count];
        for (int sample = 0; sample < count; sample++) {
            int label = random.nextInt(CLASSES);
            labels[sample] = label;
            for (int i = 0; i < SIDE * SIDE; i++) {
                pixels[sample * SIDE * SIDE + i] =
                        patterns[label][i] + (float) random.nextGaussian();
            }
        }
        NDArray images = manager.create(pixels, new Shape(count, 1, SIDE, SIDE));
        return new ArrayDataset.Builder()
                .setData(images)
                .optLabels(manager.create(labels))
                .setSampling(batchSize, shuffled, dropLast)
                .build();
    }
}
