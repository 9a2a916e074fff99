package org.jhorovod.examples;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import java.util.List;

/*
 * The residual network of 18 layers for images of 32 by 32 pixels: He, Zhang, Ren, Sun: Deep
 * Residual Learning for Image Recognition, CVPR 2016. Its first convolution is 3 by 3 and keeps the
 * size, and no pooling follows it. Four stages of two units; the first unit of all stages but the
 * first halves the size and doubles the channels.
 */
/** ResNet-18 for small images. */
final class ResNet18 {
    private static final int FIRST_CHANNELS = 64;
    private static final int STAGES = 4;

    private ResNet18() {}

    static Block create() {
        SequentialBlock network =
                new SequentialBlock()
                        .add(convolution(3, FIRST_CHANNELS, 1))
                        .add(BatchNorm.builder().build())
                        .add(Activation::relu);
        for (int stage = 0; stage < STAGES; stage++) {
            int channels = FIRST_CHANNELS << stage;
            network.add(unit(channels, stage > 0)).add(unit(channels, false));
        }
        return network.add(Pool.globalAvgPool2dBlock())
                .add(Linear.builder().setUnits(PerfModel.CLASSES).build());
    }

    /** Two convolutions, to whose result the input is added. */
    private static Block unit(int channels, boolean isHalving) {
        int stride = isHalving ? 2 : 1;
        Block convolutions =
                new SequentialBlock()
                        .add(convolution(3, channels, stride))
                        .add(BatchNorm.builder().build())
                        .add(Activation::relu)
                        .add(convolution(3, channels, 1))
                        .add(BatchNorm.builder().build());
        Block shortcut =
                isHalving
                        ? new SequentialBlock()
                                .add(convolution(1, channels, stride))
                                .add(BatchNorm.builder().build())
                        : Blocks.identityBlock();
        return new ParallelBlock(ResNet18::rectifiedSum, List.of(convolutions, shortcut));
    }

    private static NDList rectifiedSum(List<NDList> parts) {
        return new NDList(
                Activation.relu(
                        parts.get(0).singletonOrThrow().add(parts.get(1).singletonOrThrow())));
    }

    private static Block convolution(int width, int filters, int stride) {
        return Conv2d.builder()
                .setKernelShape(new Shape(width, width))
                .optPadding(new Shape(width / 2, width / 2))
                .optStride(new Shape(stride, stride))
                .setFilters(filters)
                .optBias(false)
                .build();
    }
}
