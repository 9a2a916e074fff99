package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class PerfModelTest {

    @ParameterizedTest
    @CsvSource({"MLP, 1863690, 64", "LENET, 61706, 16", "RESNET18, 11173962, 16"})
    void network_hasAsManyParametersAsItsPeer_andTellsTheClassesApart(
            PerfModel model, long parameters, int batch) {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            Block block = model.create();
            block.initialize(manager, DataType.FLOAT32, model.images(1));

            assertThat(PerfModel.parameterCount(block)).isEqualTo(parameters);
            assertThat(model.batch()).isEqualTo(batch);
            NDList scores =
                    block.forward(
                            new ParameterStore(manager, false),
                            new NDList(manager.zeros(model.images(3))),
                            false);
            assertThat(scores.singletonOrThrow().getShape()).isEqualTo(new Shape(3, 10));
        }
    }

    @Test
    void images_areOtherOnesInEachOfTenSteps_andTheSameFromTheEleventhOn() {
        try (SyntheticImages images = new SyntheticImages(PerfModel.LENET, 4, 100)) {
            assertThat(images.images(10)).isSameAs(images.images(0));
            assertThat(images.labels(19)).isSameAs(images.labels(9));
            assertThat(images.images(1).head()).isNotEqualTo(images.images(0).head());
            assertThat(images.images(0).head().getShape()).isEqualTo(new Shape(4, 1, 28, 28));
            assertThat(images.labels(0).head().toFloatArray()).hasSize(4).containsAnyOf(CLASSES);
        }
    }

    @Test
    void images_followFromTheSeed() {
        try (SyntheticImages images = new SyntheticImages(PerfModel.LENET, 4, 100);
                SyntheticImages same = new SyntheticImages(PerfModel.LENET, 4, 100);
                SyntheticImages other = new SyntheticImages(PerfModel.LENET, 4, 101)) {
            assertThat(same.images(0).head()).isEqualTo(images.images(0).head());
            assertThat(other.images(0).head()).isNotEqualTo(images.images(0).head());
        }
    }

    private static final float[] CLASSES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
}
