package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.jhorovod.allreduce.InProcessCluster;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On arrays of the CPU; those of a GPU differ in the address alone, which others test. */
@Timeout(60)
class ArrayTensorTest {
    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void allReduce_replacesTheElementsOfEachRanksArray() throws Exception {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            List<float[]> results =
                    cluster.run(
                            communicator -> {
                                try (NDManager mine = NDManager.newBaseManager()) {
                                    NDArray array =
                                            mine.ones(new Shape(2, 2)).mul(communicator.rank() + 1);
                                    communicator.allReduce(
                                            "array", ArrayTensor.of(array), ReduceOp.SUM);
                                    return array.toFloatArray();
                                }
                            });
            assertThat(results).hasSize(3).allSatisfy(r -> assertThat(r).containsOnly(6f));
        }
    }

    @Test
    void tensor_isTheMemoryOfTheArray_alsoOfAPartOfIt() {
        NDArray array = manager.arange(0f, 10f);
        Tensor tensor = ArrayTensor.of(array.get("3:6"));

        assertThat(tensor.elementCount()).isEqualTo(3);
        ((HostTensor) tensor).buffers().get(0).putFloat(0, 42f);

        assertThat(array.getFloat(3)).isEqualTo(42f);
    }

    @ParameterizedTest
    @CsvSource({
        "FLOAT32, FLOAT32",
        "FLOAT64, FLOAT64",
        "FLOAT16, FLOAT16",
        "INT32, INT32",
        "INT64, INT64",
        "INT8, INT8",
        "UINT8, UINT8",
        "BOOLEAN, BOOL"
    })
    void tensor_hasTheTypeOfTheArray(
            DataType type, org.jhorovod.allreduce.collective.DataType expected) {
        Tensor tensor = ArrayTensor.of(manager.zeros(new Shape(5), type));

        assertThat(tensor.type()).isEqualTo(expected);
        assertThat(tensor.byteCount()).isEqualTo(5L * expected.byteCount());
    }

    @Test
    void view_whoseElementsAreInAnotherOrder_isRefused() {
        NDArray transposed = manager.ones(new Shape(2, 3)).transpose();

        assertThatThrownBy(() -> ArrayTensor.of(transposed))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("(3, 2)", "row order", "duplicate()");
    }

    @Test
    void emptyArray_isATensorWithoutElements() {
        assertThat(ArrayTensor.of(manager.create(new Shape(0))).elementCount()).isZero();
    }
}
