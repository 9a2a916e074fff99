package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.dataset.Batch;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class PerfModelTest {

    @ParameterizedTest
    @CsvSource({
        "MLP, 1863690, 64",
        "LENET, 61706, 16",
        "RESNET18, 11173962, 16",
        "DEEP, 39386, 16"
    })
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
    void images_makeTenBatchesForEachRank_ofOtherImagesEach() throws Exception {
        try (SyntheticImages images = new SyntheticImages(PerfModel.LENET, 4, 3, Device.cpu());
                NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            List<float[]> batches = new ArrayList<>();
            for (Batch batch : images.dataset().getData(manager)) {
                assertThat(batch.getData().head().getShape()).isEqualTo(new Shape(4, 1, 28, 28));
                assertThat(batch.getLabels().head().toFloatArray())
                        .hasSize(4)
                        .containsAnyOf(CLASSES);
                batches.add(batch.getData().head().toFloatArray());
            }
            assertThat(batches).hasSize(30);
            assertThat(batches.get(1)).isNotEqualTo(batches.get(0));
        }
    }

    /** Each rank makes all of them, and takes its part. */
    @Test
    void images_areTheSameEachTime() throws Exception {
        try (SyntheticImages images = new SyntheticImages(PerfModel.LENET, 4, 1, Device.cpu());
                SyntheticImages same = new SyntheticImages(PerfModel.LENET, 4, 1, Device.cpu());
                NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            NDArray first = images.dataset().getData(manager).iterator().next().getData().head();
            assertThat(same.dataset().getData(manager).iterator().next().getData().head())
                    .isEqualTo(first);
        }
    }

    private static final float[] CLASSES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
}
