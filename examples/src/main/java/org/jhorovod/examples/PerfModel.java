package org.jhorovod.examples;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;

/** The networks that train-perf trains, each with what it is usually measured with. */
enum PerfModel {
    MLP(1, 28, 64, 20),
    LENET(1, 28, 16, 40),
    RESNET18(3, 32, 16, 2),
    DEEP(1, 28, 16, 20);

    /** How many classes the images have. */
    static final int CLASSES = 10;

    private static final int DEEP_LAYERS = 100;
    private static final int DEEP_UNITS = 16;

    private final int channels;
    private final int side;
    private final int batch;
    private final int steps;

    PerfModel(int channels, int side, int batch, int steps) {
        this.channels = channels;
        this.side = side;
        this.batch = batch;
        this.steps = steps;
    }

    /** The network, not initialised. */
    Block create() {
        return switch (this) {
            case MLP -> mlp();
            case LENET -> lenet();
            case RESNET18 -> ResNet18.create();
            case DEEP -> deep();
        };
    }

    /** The shape of some of its images. */
    Shape images(int count) {
        return new Shape(count, channels, side, side);
    }

    /** Images a step of each rank, unless others are asked for. */
    int batch() {
        return batch;
    }

    /** Steps a block, unless others are asked for. */
    int steps() {
        return steps;
    }

    /** As options, table and JSON name it. */
    String word() {
        return Choice.word(this);
    }

    /** How many elements the optimizer moves: batch norm's running statistics are none of them. */
    static long parameterCount(Block initialised) {
        return initialised.getParameters().values().stream()
                .filter(Parameter::requiresGradient)
                .mapToLong(parameter -> parameter.getArray().size())
                .sum();
    }

    private static Block mlp() {
        return new SequentialBlock()
                .add(Blocks.batchFlattenBlock())
                .add(linear(1024))
                .add(Activation::relu)
                .add(linear(1024))
                .add(Activation::relu)
                .add(linear(CLASSES));
    }

    /** Of many small arrays. */
    private static Block deep() {
        SequentialBlock block = new SequentialBlock().add(Blocks.batchFlattenBlock());
        for (int layer = 1; layer < DEEP_LAYERS; layer++) {
            block.add(linear(DEEP_UNITS)).add(Activation::relu);
        }
        return block.add(linear(CLASSES));
    }

    /** LeNet-5 with rectified units, and the maximum in place of the mean. */
    private static Block lenet() {
        return new SequentialBlock()
                .add(convolution(6, 2))
                .add(Activation::relu)
                .add(halved())
                .add(convolution(16, 0))
                .add(Activation::relu)
                .add(halved())
                .add(Blocks.batchFlattenBlock())
                .add(linear(120))
                .add(Activation::relu)
                .add(linear(84))
                .add(Activation::relu)
                .add(linear(CLASSES));
    }

    private static Block linear(int units) {
        return Linear.builder().setUnits(units).build();
    }

    private static Block convolution(int filters, int padding) {
        return Conv2d.builder()
                .setKernelShape(new Shape(5, 5))
                .optPadding(new Shape(padding, padding))
                .setFilters(filters)
                .build();
    }

    private static Block halved() {
        return Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2));
    }
}
