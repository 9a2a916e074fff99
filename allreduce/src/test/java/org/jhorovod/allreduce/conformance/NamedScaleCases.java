package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.conformance.ConformanceCase.Scope;

/** The cases of {@link NamedCases} about the factor of a result. */
final class NamedScaleCases {
    private static final int FUSED = 20;

    private NamedScaleCases() {}

    /** The group goes on after each. */
    static List<ConformanceCase> all() {
        return List.of(
                NamedValues.of("case-06-postscale-of-all-types", NamedScaleCases::allTypes),
                NamedValues.of("case-06-postscale-of-integers", NamedScaleCases::integers),
                NamedValues.of("case-06-postscale-of-fused-tensors", NamedScaleCases::fused),
                NamedValues.of("case-06-postscale-of-rows", NamedScaleCases::rows),
                NamedValues.of("case-06-postscales-differ", NamedScaleCases::differ),
                NamedValues.of("case-06-postscale-without-meaning", NamedScaleCases::refused),
                new ConformanceCase(
                        "case-06-postscale-in-one-order",
                        Scope.SHARED,
                        NamedValues.LONG,
                        NamedScaleCases::planned),
                NamedValues.of("case-20-join-on-postscale", NamedScaleCases::join));
    }

    private static void allTypes(NamedCommunicator c) {
        for (DataType type : DataType.values()) {
            if (type.supports(ReduceOp.SUM)) {
                double sum = scaled(c, type, 4, ReduceOp.SUM.postscaledBy(0.5));
                assertThat(sum).as("%s", type).isEqualTo(2.0 * c.size());
                double average = scaled(c, type, 4, ReduceOp.AVERAGE.postscaledBy(3));
                assertThat(average).as("%s", type).isCloseTo(12, within(0.1));
            }
        }
        Reduction both = ReduceOp.SUM.prescaledBy(0.5).postscaledBy(4);
        assertThat(scaled(c, DataType.FLOAT32, 3, both)).isEqualTo(6.0 * c.size());
    }

    private static double scaled(
            NamedCommunicator c, DataType type, int value, Reduction reduction) {
        HostTensor tensor = NamedValues.filled(type, TensorShape.of(9), value);
        c.allReduce("scaled", tensor, reduction);
        List<Double> values = NamedValues.values(tensor);
        assertThat(values).containsOnly(values.get(0));
        return values.get(0);
    }

    /** Towards zero, and held at the ends of the type. */
    private static void integers(NamedCommunicator c) {
        for (DataType type : List.of(DataType.INT8, DataType.INT32, DataType.INT64)) {
            assertThat(scaled(c, type, 7, ReduceOp.AVERAGE.postscaledBy(0.5))).isEqualTo(3);
            assertThat(scaled(c, type, -7, ReduceOp.AVERAGE.postscaledBy(0.5))).isEqualTo(-3);
            assertThat(scaled(c, type, 7, ReduceOp.AVERAGE.postscaledBy(0))).isEqualTo(0);
        }
        Reduction huge = ReduceOp.AVERAGE.postscaledBy(1e30);
        assertThat(scaled(c, DataType.INT8, 3, huge)).isEqualTo(Byte.MAX_VALUE);
        assertThat(scaled(c, DataType.INT8, -3, huge)).isEqualTo(Byte.MIN_VALUE);
        assertThat(scaled(c, DataType.UINT8, 3, huge)).as("as a byte with sign").isEqualTo(-1);
        assertThat(scaled(c, DataType.UINT8, 3, ReduceOp.AVERAGE.postscaledBy(-1))).isEqualTo(0);
        assertThat(scaled(c, DataType.INT32, 3, huge)).isEqualTo(Integer.MAX_VALUE);
        assertThat(scaled(c, DataType.INT32, -3, huge)).isEqualTo(Integer.MIN_VALUE);
        assertThat(scaled(c, DataType.INT64, 3, huge)).isEqualTo((double) Long.MAX_VALUE);
        assertThat(scaled(c, DataType.INT64, -3, huge)).isEqualTo((double) Long.MIN_VALUE);
    }

    /** Of one type and operation, so that they run together, each with a factor of its own. */
    private static void fused(NamedCommunicator c) {
        List<HostTensor> tensors = new ArrayList<>();
        List<CompletableFuture<Void>> futures = new ArrayList<>();
        for (int i = 0; i < FUSED; i++) {
            HostTensor tensor = NamedValues.filled(DataType.FLOAT32, TensorShape.of(i + 1), 2);
            tensors.add(tensor);
            futures.add(c.allReduceAsync("fused " + i, tensor, ReduceOp.SUM.postscaledBy(i + 0.5)));
        }
        futures.forEach(c::await);
        for (int i = 0; i < FUSED; i++) {
            assertThat(NamedValues.values(tensors.get(i))).containsOnly((i + 0.5) * 2 * c.size());
        }
        c.groupedAllReduce("group", tensors, ReduceOp.AVERAGE.postscaledBy(2));
        for (int i = 0; i < FUSED; i++) {
            double expected = (i + 0.5) * 4 * c.size();
            assertThat(NamedValues.values(tensors.get(i)))
                    .allSatisfy(v -> assertThat(v).isCloseTo(expected, within(1e-3)));
        }
    }

    private static void rows(NamedCommunicator c) {
        HostTensor input = NamedValues.filled(DataType.INT32, TensorShape.of(2L * c.size(), 3), 5);
        HostTensor part = c.reduceScatter("rows", input, ReduceOp.SUM.postscaledBy(0.5));
        assertThat(NamedValues.values(part)).hasSize(6).containsOnly(Math.floor(2.5 * c.size()));
        assertThat(NamedValues.values(input)).as("the input").containsOnly(5.0);
    }

    private static void differ(NamedCommunicator c) {
        double factor = c.rank() % 2 == 0 ? 2 : -3;
        HostTensor tensor = NamedValues.filled(DataType.FLOAT32, TensorShape.of(5), 1);
        NamedValues.requireError(
                c,
                () -> c.allReduceAsync("factor", tensor, ReduceOp.SUM.postscaledBy(factor)),
                "reduction",
                "times 2.0",
                "times -3.0");
        Reduction some = c.rank() % 2 == 0 ? Reduction.of(ReduceOp.SUM) : sum(2);
        NamedValues.requireError(
                c, () -> c.reduceScatterAsync("none", tensor, some), "reduction", "times 2.0");
    }

    private static Reduction sum(double factor) {
        return ReduceOp.SUM.postscaledBy(factor);
    }

    private static void refused(NamedCommunicator c) {
        for (double bad : List.of(Double.NaN, Double.POSITIVE_INFINITY)) {
            assertThatThrownBy(() -> sum(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("postscale must be finite");
        }
        for (ReduceOp op : List.of(ReduceOp.MIN, ReduceOp.MAX, ReduceOp.PRODUCT)) {
            assertThatThrownBy(() -> op.postscaledBy(2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("postscale");
        }
        HostTensor truths = NamedValues.filled(DataType.BOOL, TensorShape.of(2), 1);
        assertThatThrownBy(() -> c.allReduceAsync("truths", truths, sum(2)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** Where the tensors of the group lie, on a device too. */
    private static void planned(Participant p) {
        for (DataType type : List.of(DataType.FLOAT32, DataType.FLOAT64, DataType.FLOAT16)) {
            Tensor tensor = p.place().put(NamedValues.filled(type, TensorShape.of(33), 4));
            p.communicator().allReduce("scaled", tensor, sum(0.25));
            p.communicator()
                    .allReduce("again", tensor, ReduceOp.SUM.prescaledBy(2).postscaledBy(0.25));
            assertThat(NamedValues.values(p.place().fetch(tensor)))
                    .as("%s", type)
                    .containsOnly(p.size() * p.size() / 2.0);
            p.place().release(tensor);
        }
        Tensor integers = p.place().put(NamedValues.filled(DataType.INT32, TensorShape.of(3), 3));
        if (p.place().isOnDevice()) {
            assertThatThrownBy(() -> p.communicator().allReduce("integers", integers, sum(0.5)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("postscale");
        } else {
            p.communicator().allReduce("integers", integers, sum(0.5));
            assertThat(NamedValues.values(p.place().fetch(integers)))
                    .containsOnly(Math.floor(1.5 * p.size()));
        }
        p.place().release(integers);
    }

    private static void join(NamedCommunicator c) {
        int takingPart = Math.max(1, c.size() - 1);
        if (c.rank() != 0 || c.size() == 1) {
            for (DataType type : List.of(DataType.INT32, DataType.FLOAT32)) {
                double average = scaled(c, type, 6, ReduceOp.AVERAGE.postscaledBy(0.5));
                assertThat(average).isCloseTo(3, within(1e-5));
                assertThat(scaled(c, type, 6, sum(0.5))).isEqualTo(3.0 * takingPart);
            }
            HostTensor rows = NamedValues.filled(DataType.FLOAT32, TensorShape.of(c.size(), 2), 6);
            assertThat(NamedValues.values(c.reduceScatter("rows", rows, sum(0.5))))
                    .containsOnly(3.0 * takingPart);
        }
        c.await(c.joinAsync());
    }
}
