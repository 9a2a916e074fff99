package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.SparseRows;
import org.jhorovod.allreduce.collective.TensorShape;

/** The cases of {@link NamedCases} about rows that are named by indices. */
final class NamedSparseCases {
    private static final int ALL_ROWS = 23;
    private static final int WIDTH = 3;

    private NamedSparseCases() {}

    /** The group goes on after each. */
    static List<ConformanceCase> all() {
        return List.of(
                NamedValues.of("case-29-sparse-rows-as-the-dense-result", NamedSparseCases::dense),
                NamedValues.of("case-29-sparse-rows-of-the-same-bits", NamedSparseCases::sameBits),
                NamedValues.of("case-29-sparse-rows-scaled", NamedSparseCases::scaled),
                NamedValues.of("case-29-no-sparse-rows", NamedSparseCases::none),
                NamedValues.of("case-29-sparse-rows-that-differ", NamedSparseCases::differ),
                NamedValues.of("case-29-sparse-rows-without-meaning", NamedSparseCases::refused),
                NamedValues.of("case-21-join-on-sparse-rows", NamedSparseCases::join));
    }

    /** What a rank has: some indices twice, some ranks none. */
    private static int[] drawn(int rank) {
        Random random = new Random(5L + rank);
        return random.ints(rank % 3 == 2 ? 0 : 4 + rank, 0, ALL_ROWS).toArray();
    }

    private static SparseRows rows(DataType indexType, DataType type, int[] indices, int rank) {
        HostTensor keys = HostTensor.allocate(indexType, indices.length);
        HostTensor values = HostTensor.allocate(type, (long) indices.length * WIDTH);
        for (int row = 0; row < indices.length; row++) {
            long place = (long) row * indexType.byteCount();
            if (indexType == DataType.INT32) {
                keys.view(place, Integer.BYTES).putInt(indices[row]);
            } else {
                keys.view(place, Long.BYTES).putLong(indices[row]);
            }
            for (int i = 0; i < WIDTH; i++) {
                put(values, row * WIDTH + i, value(rank, row, i));
            }
        }
        return new SparseRows(keys, values.reshape(TensorShape.of(indices.length, WIDTH)));
    }

    private static int value(int rank, int row, int i) {
        return (rank + 1) * (i + 2) - 3 * row;
    }

    private static void put(HostTensor tensor, int element, int value) {
        HostTensor one = NamedValues.filled(tensor.type(), TensorShape.of(1), value);
        int bytes = tensor.type().byteCount();
        tensor.view((long) element * bytes, bytes).put(one.view(0, bytes));
    }

    /** The tensor in which all other rows are 0. */
    private static HostTensor dense(DataType type, int[] indices, int rank) {
        int[] all = new int[ALL_ROWS * WIDTH];
        for (int row = 0; row < indices.length; row++) {
            for (int i = 0; i < WIDTH; i++) {
                all[indices[row] * WIDTH + i] += value(rank, row, i);
            }
        }
        HostTensor tensor = HostTensor.allocate(type, all.length);
        for (int i = 0; i < all.length; i++) {
            put(tensor, i, all[i]);
        }
        return tensor;
    }

    private static void dense(NamedCommunicator c) {
        for (DataType type :
                List.of(DataType.FLOAT32, DataType.FLOAT64, DataType.INT32, DataType.INT64)) {
            for (ReduceOp op : List.of(ReduceOp.SUM, ReduceOp.AVERAGE)) {
                DataType indexType = type == DataType.FLOAT32 ? DataType.INT32 : DataType.INT64;
                int[] indices = drawn(c.rank());
                HostTensor expected = dense(type, indices, c.rank());
                c.allReduce("dense", expected, op);
                SparseRows own = rows(indexType, type, indices, c.rank());
                SparseRows result = c.sparseAllReduce("sparse", own, Reduction.of(op));
                assertThat(result.indices().type()).isEqualTo(indexType);
                assertThat(result.values().shape())
                        .isEqualTo(TensorShape.of(result.rowCount(), WIDTH));
                requireDense(result, NamedValues.values(expected), op + " " + type);
                assertThat(NamedValues.values(own.values()))
                        .as("the input")
                        .isEqualTo(
                                NamedValues.values(
                                        rows(indexType, type, indices, c.rank()).values()));
            }
        }
    }

    private static void requireDense(SparseRows sparse, List<Double> dense, String what) {
        List<Double> indices = NamedValues.values(sparse.indices());
        List<Double> values = NamedValues.values(sparse.values());
        assertThat(indices).as(what).isSorted().doesNotHaveDuplicates();
        for (int row = 0; row < ALL_ROWS; row++) {
            int place = indices.indexOf((double) row);
            for (int i = 0; i < WIDTH; i++) {
                double actual = place < 0 ? 0 : values.get(place * WIDTH + i);
                assertThat(actual)
                        .as("%s, row %d element %d", what, row, i)
                        .isCloseTo(dense.get(row * WIDTH + i), within(1e-4));
            }
        }
    }

    /** Sums whose last bits depend on the order. */
    private static void sameBits(NamedCommunicator c) {
        int[] indices = {7, 7, 3};
        SparseRows own = rows(DataType.INT64, DataType.FLOAT32, indices, c.rank());
        Random random = new Random(c.rank());
        for (int i = 0; i < indices.length * WIDTH; i++) {
            own.values().view((long) i * Float.BYTES, Float.BYTES).putFloat(random.nextFloat());
        }
        HostTensor values = c.sparseAllReduce("bits", own, Reduction.of(ReduceOp.SUM)).values();
        HostTensor all = c.allGather("all", values);
        List<Double> expected = new ArrayList<>();
        for (int rank = 0; rank < c.size(); rank++) {
            expected.addAll(NamedValues.values(values));
        }
        assertThat(NamedValues.values(all)).isEqualTo(expected);
    }

    private static void scaled(NamedCommunicator c) {
        SparseRows own = ones(DataType.FLOAT32, 4);
        Reduction reduction = ReduceOp.SUM.prescaledBy(0.5).postscaledBy(3);
        assertThat(NamedValues.values(c.sparseAllReduce("s", own, reduction).values()))
                .containsOnly(6.0 * c.size());
        assertThat(NamedValues.values(own.values())).as("the input").containsOnly(4.0);
        Reduction half = ReduceOp.SUM.postscaledBy(0.5);
        assertThat(
                        NamedValues.values(
                                c.sparseAllReduce("i", ones(DataType.INT32, 3), half).values()))
                .containsOnly(Math.floor(1.5 * c.size()));
    }

    /** The rows 0 and 2, of one value. */
    private static SparseRows ones(DataType type, int value) {
        HostTensor keys = HostTensor.allocate(DataType.INT64, 2);
        keys.view(Long.BYTES, Long.BYTES).putLong(2);
        return new SparseRows(keys, NamedValues.filled(type, TensorShape.of(2, WIDTH), value));
    }

    private static void none(NamedCommunicator c) {
        SparseRows own = rows(DataType.INT64, DataType.FLOAT32, new int[0], c.rank());
        SparseRows result = c.sparseAllReduce("none", own, Reduction.of(ReduceOp.AVERAGE));
        assertThat(result.rowCount()).isZero();
        assertThat(result.values().shape()).isEqualTo(TensorShape.of(0, WIDTH));
    }

    private static void differ(NamedCommunicator c) {
        boolean isOdd = c.rank() % 2 == 1;
        Reduction sum = Reduction.of(ReduceOp.SUM);
        DataType indexType = isOdd ? DataType.INT32 : DataType.INT64;
        SparseRows own = rows(indexType, DataType.FLOAT32, new int[] {1}, c.rank());
        NamedValues.requireError(
                c, () -> c.sparseAllReduceAsync("i", own, sum), "indices of INT64", "of INT32");
        SparseRows ones = ones(DataType.FLOAT32, 1);
        NamedValues.requireError(
                c,
                () ->
                        isOdd
                                ? c.allGatherAsync("kind", ones.values())
                                : c.sparseAllReduceAsync("kind", ones, sum),
                "sparse all-reduce",
                "unequal all-gather");
        Reduction other = Reduction.of(isOdd ? ReduceOp.AVERAGE : ReduceOp.SUM);
        NamedValues.requireError(
                c, () -> c.sparseAllReduceAsync("op", ones, other), "SUM", "AVERAGE");
        SparseRows wide =
                new SparseRows(
                        ones.indices(),
                        NamedValues.filled(DataType.FLOAT32, TensorShape.of(2, isOdd ? 4 : 3), 1));
        NamedValues.requireError(
                c, () -> c.sparseAllReduceAsync("wide", wide, sum), "first dimension");
    }

    private static void refused(NamedCommunicator c) {
        HostTensor values = NamedValues.filled(DataType.FLOAT32, TensorShape.of(2, WIDTH), 1);
        for (HostTensor bad :
                List.of(
                        NamedValues.filled(DataType.FLOAT32, TensorShape.of(2), 1),
                        NamedValues.filled(DataType.INT8, TensorShape.of(2), 1),
                        NamedValues.filled(DataType.INT64, TensorShape.of(3), 1),
                        NamedValues.filled(DataType.INT64, TensorShape.of(1, 2), 1),
                        NamedValues.filled(DataType.INT64, TensorShape.of(2), -1),
                        NamedValues.filled(DataType.INT32, TensorShape.of(2), -1))) {
            assertThatThrownBy(() -> new SparseRows(bad, values))
                    .as("%s", bad)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        SparseRows rows = ones(DataType.FLOAT32, 1);
        for (ReduceOp op : List.of(ReduceOp.MIN, ReduceOp.PRODUCT, ReduceOp.ADASUM)) {
            assertThatThrownBy(() -> c.sparseAllReduceAsync("op", rows, Reduction.of(op)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("only SUM and AVERAGE");
        }
        SparseRows truths = ones(DataType.BOOL, 1);
        assertThatThrownBy(() -> c.sparseAllReduceAsync("b", truths, Reduction.of(ReduceOp.SUM)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static void join(NamedCommunicator c) {
        int takingPart = Math.max(1, c.size() - 1);
        if (c.rank() != 0 || c.size() == 1) {
            SparseRows own = ones(DataType.FLOAT32, 6);
            SparseRows sums = c.sparseAllReduce("sum", own, Reduction.of(ReduceOp.SUM));
            assertThat(NamedValues.values(sums.indices())).containsExactly(0.0, 2.0);
            assertThat(NamedValues.values(sums.values())).containsOnly(6.0 * takingPart);
            SparseRows average = c.sparseAllReduce("avg", own, Reduction.of(ReduceOp.AVERAGE));
            assertThat(NamedValues.values(average.values()))
                    .allSatisfy(value -> assertThat(value).isCloseTo(6, within(1e-5)));
        }
        c.await(c.joinAsync());
    }
}
