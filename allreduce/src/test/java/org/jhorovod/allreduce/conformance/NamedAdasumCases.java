package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HalfPrecision;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.conformance.ConformanceCase.Scope;

/** The cases of {@link NamedCases} about Adasum. */
final class NamedAdasumCases {
    private static final List<DataType> TYPES =
            List.of(DataType.FLOAT32, DataType.FLOAT64, DataType.FLOAT16, DataType.BFLOAT16);

    private NamedAdasumCases() {}

    /** The group goes on after each. */
    static List<ConformanceCase> all() {
        return List.of(
                NamedValues.of(
                        "case-32-adasum-of-orthogonal-tensors", NamedAdasumCases::orthogonal),
                NamedValues.of("case-32-adasum-of-parallel-tensors", NamedAdasumCases::parallel),
                NamedValues.of("case-32-adasum-of-any-tensors", NamedAdasumCases::any),
                NamedValues.of(
                        "case-32-adasum-of-tiny-and-huge-tensors", NamedAdasumCases::extreme),
                NamedValues.of("case-32-adasum-of-groups", NamedAdasumCases::groups),
                NamedValues.of("case-32-adasum-or-sum", NamedAdasumCases::differ),
                NamedValues.of("case-18-adasum-without-meaning", NamedAdasumCases::refused),
                NamedValues.of("case-20-join-on-adasum", NamedAdasumCases::join),
                new ConformanceCase(
                        "case-32-adasum-in-one-order",
                        Scope.SHARED,
                        NamedValues.LONG,
                        NamedAdasumCases::planned));
    }

    /** Each rank has elements where no other has. */
    private static void orthogonal(NamedCommunicator c) {
        for (DataType type : TYPES) {
            double[] elements = new double[2 * c.size() + 1];
            double[] expected = new double[elements.length];
            elements[2 * c.rank()] = c.rank() + 1;
            for (int rank = 0; rank < c.size(); rank++) {
                expected[2 * rank] = rank + 1;
            }
            HostTensor tensor = tensor(type, elements);
            c.allReduce("orthogonal", tensor, ReduceOp.ADASUM);
            assertThat(elements(tensor)).as("%s", type).containsExactly(expected);
        }
    }

    private static void parallel(NamedCommunicator c) {
        for (DataType type : TYPES) {
            HostTensor tensor = NamedValues.filled(type, TensorShape.of(3, 11), 5);
            c.allReduce("parallel", tensor, ReduceOp.ADASUM);
            assertThat(elements(tensor)).as("%s", type).containsOnly(5.0);
        }
        for (int count : new int[] {0, 1}) {
            HostTensor tensor = NamedValues.filled(DataType.FLOAT32, TensorShape.of(count), 7);
            c.allReduce("short", tensor, ReduceOp.ADASUM);
            assertThat(NamedValues.values(tensor)).hasSize(count).allMatch(v -> v == 7);
        }
        HostTensor zeros = NamedValues.filled(DataType.FLOAT64, TensorShape.of(5), 0);
        c.allReduce("zeros", zeros, ReduceOp.ADASUM);
        assertThat(elements(zeros)).containsOnly(0);
    }

    /** As the formula says, up to rounding, and the same bits on all ranks. */
    private static void any(NamedCommunicator c) {
        for (DataType type : TYPES) {
            for (int count : new int[] {2, 1009, 20_011}) {
                HostTensor tensor = tensor(type, drawn(type, count, c.rank()));
                c.allReduce("any", tensor, ReduceOp.ADASUM);
                double[] expected = expected(c.size(), type, count);
                assertClose(elements(tensor), expected, type);
                requireSameBits(c, tensor);
            }
        }
    }

    /** Elements that the type has. */
    private static double[] drawn(DataType type, int count, int rank) {
        Random random = new Random(31L * rank + count);
        double[] drawn = random.doubles(count, -1, 1.5).toArray();
        return elements(tensor(type, drawn));
    }

    private static double[] expected(int size, DataType type, int count) {
        List<double[]> left = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            left.add(drawn(type, count, rank));
        }
        while (left.size() > 1) {
            List<double[]> next = new ArrayList<>();
            for (int i = 0; i < left.size(); i += 2) {
                boolean isOdd = i + 1 == left.size();
                next.add(isOdd ? left.get(i) : AdasumFormula.of(left.get(i), left.get(i + 1)));
            }
            left = next;
        }
        return left.get(0);
    }

    /** One rounding to the type, of elements of about 1. */
    private static void assertClose(double[] actual, double[] expected, DataType type) {
        double tolerance =
                switch (type) {
                    case FLOAT16 -> 0x1p-9;
                    case BFLOAT16 -> 0x1p-6;
                    case FLOAT32 -> 0x1p-22;
                    default -> 1e-12;
                };
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i])
                    .as("%s element %d", type, i)
                    .isCloseTo(expected[i], within(tolerance * Math.max(1, Math.abs(expected[i]))));
        }
    }

    /** No element is larger or smaller than on another rank. */
    private static void requireSameBits(NamedCommunicator c, HostTensor tensor) {
        double[] own = elements(tensor);
        HostTensor least = tensor(tensor.type(), own);
        HostTensor most = tensor(tensor.type(), own);
        c.groupedAllReduce("least", List.of(least), Reduction.of(ReduceOp.MIN));
        c.groupedAllReduce("most", List.of(most), Reduction.of(ReduceOp.MAX));
        assertThat(elements(least)).isEqualTo(own);
        assertThat(elements(most)).isEqualTo(own);
    }

    private static void extreme(NamedCommunicator c) {
        for (double size : new double[] {3e38, 1e-40}) {
            requireAverage(c, DataType.FLOAT32, size);
            requireAverage(c, DataType.BFLOAT16, size);
        }
        requireAverage(c, DataType.FLOAT16, 60_000);
        requireAverage(c, DataType.FLOAT16, 1e-7);
        requireAverage(c, DataType.FLOAT64, 1.5e308);
        requireAverage(c, DataType.FLOAT64, 1e-310);
        double[] mixed = new double[9];
        Arrays.fill(mixed, c.rank() == 0 ? 1e300 : 1e-300);
        HostTensor tensor = tensor(DataType.FLOAT64, mixed);
        c.allReduce("mixed", tensor, ReduceOp.ADASUM);
        int levels = Integer.SIZE - Integer.numberOfLeadingZeros(c.size() - 1);
        double average = Math.scalb(1e300, -levels); // in pairs, of which one is next to nothing
        assertThat(elements(tensor)).usingComparatorWithPrecision(1e288).containsOnly(average);
    }

    private static void requireAverage(NamedCommunicator c, DataType type, double size) {
        double[] elements = new double[100];
        Arrays.fill(elements, size);
        HostTensor tensor = tensor(type, elements);
        double held = elements(tensor)[0];
        c.allReduce("extreme", tensor, ReduceOp.ADASUM);
        assertThat(held).as("%s of %s", size, type).isFinite().isNotZero();
        assertThat(elements(tensor)).as("%s of %s", size, type).containsOnly(held);
    }

    /**
     * Each tensor by products of its own: together they would be neither parallel nor orthogonal.
     */
    private static void groups(NamedCommunicator c) {
        double[] single = new double[c.size()];
        single[c.rank()] = 2;
        HostTensor orthogonal = tensor(DataType.FLOAT32, single);
        HostTensor parallel = NamedValues.filled(DataType.FLOAT32, TensorShape.of(4), 3);
        HostTensor wide = NamedValues.filled(DataType.FLOAT64, TensorShape.of(2, 2), 9);
        c.groupedAllReduce(
                "adasum", List.of(orthogonal, parallel, wide), Reduction.of(ReduceOp.ADASUM));
        assertThat(elements(orthogonal)).containsOnly(2);
        assertThat(elements(parallel)).containsOnly(3);
        assertThat(elements(wide)).containsOnly(9);
    }

    private static void differ(NamedCommunicator c) {
        HostTensor tensor = NamedValues.filled(DataType.FLOAT32, TensorShape.of(5), 1);
        ReduceOp op = c.rank() % 2 == 0 ? ReduceOp.SUM : ReduceOp.ADASUM;
        NamedValues.requireError(
                c, () -> c.allReduceAsync("op", tensor, op), "reduction", "ADASUM");
    }

    private static void refused(NamedCommunicator c) {
        HostTensor rows = NamedValues.filled(DataType.FLOAT32, TensorShape.of(c.size(), 2), 1);
        Reduction adasum = Reduction.of(ReduceOp.ADASUM);
        assertThatThrownBy(() -> c.reduceScatterAsync("rows", rows, adasum))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("whole tensors");
        HostTensor part = NamedValues.filled(DataType.FLOAT32, TensorShape.of(2), 1);
        assertThatThrownBy(() -> c.reduceScatterAsync("rows", rows, part, adasum))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("whole tensors");
        HostTensor integers = NamedValues.filled(DataType.INT32, TensorShape.of(2), 1);
        assertThatThrownBy(() -> c.allReduceAsync("integers", integers, ReduceOp.ADASUM))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("floating-point");
        assertThatThrownBy(() -> ReduceOp.ADASUM.prescaledBy(2))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ReduceOp.ADASUM.postscaledBy(2))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static void join(NamedCommunicator c) {
        if (c.rank() != 0 || c.size() == 1) {
            for (DataType type : TYPES) {
                HostTensor tensor = NamedValues.filled(type, TensorShape.of(13), 4);
                c.allReduce("without rank 0", tensor, ReduceOp.ADASUM);
                assertThat(elements(tensor)).as("%s", type).containsOnly(4);
            }
        }
        c.await(c.joinAsync());
    }

    private static void planned(Participant p) {
        Tensor tensor = p.place().put(NamedValues.filled(DataType.FLOAT32, TensorShape.of(7), 3));
        if (p.place().isOnDevice()) {
            assertThatThrownBy(() -> p.communicator().allReduce("w", tensor, ReduceOp.ADASUM))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("host");
        } else {
            p.communicator().allReduce("w", tensor, ReduceOp.ADASUM);
            assertThat(elements(p.place().fetch(tensor))).containsOnly(3);
        }
        p.place().release(tensor);
        p.communicator().barrier("after");
    }

    /** Elements rounded to a type. */
    private static HostTensor tensor(DataType type, double... elements) {
        HostTensor tensor = HostTensor.allocate(type, elements.length);
        for (int i = 0; i < elements.length; i++) {
            long place = (long) i * type.byteCount();
            switch (type) {
                case FLOAT32 -> tensor.view(place, 4).putFloat((float) elements[i]);
                case FLOAT64 -> tensor.view(place, 8).putDouble(elements[i]);
                default -> {
                    short[] half = new short[1];
                    HalfPrecision.encode(type, new float[] {(float) elements[i]}, half, 1);
                    tensor.view(place, 2).putShort(half[0]);
                }
            }
        }
        return tensor;
    }

    private static double[] elements(HostTensor tensor) {
        double[] elements = new double[Math.toIntExact(tensor.elementCount())];
        for (int i = 0; i < elements.length; i++) {
            long place = (long) i * tensor.type().byteCount();
            elements[i] =
                    switch (tensor.type()) {
                        case FLOAT32 -> tensor.view(place, 4).getFloat();
                        case FLOAT64 -> tensor.view(place, 8).getDouble();
                        default -> {
                            float[] decoded = new float[1];
                            short[] half = {tensor.view(place, 2).getShort()};
                            HalfPrecision.decode(tensor.type(), half, decoded, 1);
                            yield decoded[0];
                        }
                    };
        }
        return elements;
    }
}
