package org.jhorovod.allreduce.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.SparseRows;
import org.jhorovod.allreduce.collective.TensorShape;
import org.junit.jupiter.api.Test;

class SparseSumTest {

    private static SparseRows rows(long[] indices, HostTensor values) {
        HostTensor keys = HostTensor.allocate(DataType.INT64, indices.length);
        keys.buffers().forEach(buffer -> buffer.asLongBuffer().put(indices));
        int width = Math.toIntExact(values.elementCount() / indices.length);
        return new SparseRows(keys, values.reshape(TensorShape.of(indices.length, width)));
    }

    private static ByteBuffer floats(float... elements) {
        ByteBuffer buffer =
                ByteBuffer.allocateDirect(elements.length * Float.BYTES)
                        .order(ByteOrder.nativeOrder());
        buffer.asFloatBuffer().put(elements);
        return buffer;
    }

    private static List<Float> elements(HostTensor tensor) {
        List<Float> elements = new ArrayList<>();
        for (ByteBuffer buffer : tensor.buffers()) {
            while (buffer.hasRemaining()) {
                elements.add(buffer.getFloat());
            }
        }
        return elements;
    }

    private static long[] indices(SparseRows rows) {
        long[] indices = new long[Math.toIntExact(rows.rowCount())];
        rows.indices().buffers().forEach(buffer -> buffer.asLongBuffer().get(indices));
        return indices;
    }

    /** In float32, 1e8 + 1 - 1e8 is 0, and 1e8 - 1e8 + 1 is 1. */
    @Test
    void rowsOfAnIndex_areSummedInTheirOrder_andTheIndicesAreSorted() {
        long far = 1L << 40;
        HostTensor values =
                HostTensor.of(DataType.FLOAT32, floats(1e8f, 5, 1e8f, 1, -1e8f, -1e8f, 1));
        SparseRows sums =
                new SparseSum(rows(new long[] {far, 7, 3, far, far, 3, 3}, values), 1)
                        .rows(DataType.INT64);

        assertThat(indices(sums)).containsExactly(3, 7, far);
        assertThat(elements(sums.values())).containsExactly(1f, 5f, 0f);
        assertThat(sums.values().shape()).isEqualTo(TensorShape.of(3, 1));
    }

    @Test
    void rowsThatLieInSeveralBuffers_areSummedPieceByPiece() {
        HostTensor values =
                HostTensor.of(
                        DataType.FLOAT32,
                        List.of(floats(1, 2), floats(3, 10, 20, 30, 100), floats(200, 300)));
        SparseRows sums = new SparseSum(rows(new long[] {4, 0, 4}, values), 1).rows(DataType.INT64);

        assertThat(indices(sums)).containsExactly(0, 4);
        assertThat(elements(sums.values())).containsExactly(10f, 20f, 30f, 101f, 202f, 303f);
    }

    @Test
    void anAverage_dividesByTheRanks_notByTheRowsOfAnIndex() {
        HostTensor values = HostTensor.of(DataType.FLOAT32, floats(2, 4, 6));
        SparseRows sums = new SparseSum(rows(new long[] {1, 1, 9}, values), 4).rows(DataType.INT32);

        assertThat(sums.indices().type()).isEqualTo(DataType.INT32);
        assertThat(elements(sums.values())).containsExactly(1.5f, 1.5f);
    }

    @Test
    void rowsLongerThanABlock_areSummedToTheirEnd() {
        int width = 10_001;
        float[] elements = new float[2 * width];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = i % width;
        }
        HostTensor values = HostTensor.of(DataType.FLOAT32, floats(elements));
        SparseRows sums = new SparseSum(rows(new long[] {5, 5}, values), 1).rows(DataType.INT64);

        List<Float> summed = elements(sums.values());
        for (int i = 0; i < width; i++) {
            assertThat(summed.get(i)).as("element %d", i).isEqualTo(2f * i);
        }
    }
}
