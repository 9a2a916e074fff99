package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * Inputs that each rank can make again, and what collectives must make of them.
 *
 * <p>Floating point: a reduction of n elements rounds n - 1 times, each by at most half a unit in
 * the last place of the largest partial result, so the error is below n * eps * (sum of the
 * magnitudes). Integers are exact, wrapping around.
 */
final class Reference {
    private static final double FLOAT_EPSILON = Math.ulp(1.0f);
    private static final double DOUBLE_EPSILON = Math.ulp(1.0);

    private Reference() {}

    /** Elements of a rank: the same at each call. */
    static HostTensor input(DataType type, ReduceOp op, long count, int rank) {
        HostTensor tensor = HostTensor.allocate(type, count);
        Random random = new Random(1_000_003L * rank + count);
        for (ByteBuffer buffer : tensor.buffers()) {
            while (buffer.hasRemaining()) {
                // Products stay near 1, or they would overflow and hide errors.
                double real =
                        op == ReduceOp.PRODUCT
                                ? 0.5 + random.nextDouble()
                                : random.nextGaussian() * 100;
                switch (type) {
                    case FLOAT32 -> buffer.putFloat((float) real);
                    case FLOAT64 -> buffer.putDouble(real);
                    case INT32 -> buffer.putInt(random.nextInt());
                    case INT64 -> buffer.putLong(random.nextLong());
                }
            }
        }
        return tensor;
    }

    static void assertReduced(
            String what, List<HostTensor> inputs, ReduceOp op, HostTensor result) {
        DataType type = result.type();
        for (long i = 0; i < result.elementCount(); i++) {
            if (type == DataType.INT32 || type == DataType.INT64) {
                long expected = reduceIntegers(inputs, op, i);
                long actual = integer(result, i);
                if (actual != expected) {
                    assertThat(actual).as("element %d of %s", i, what).isEqualTo(expected);
                }
            } else {
                double expected = reduceReals(inputs, op, i);
                double actual = real(result, i);
                double tolerance = tolerance(inputs, op, i, expected);
                if (!(Math.abs(actual - expected) <= tolerance)) {
                    assertThat(actual)
                            .as("element %d of %s", i, what)
                            .isCloseTo(expected, within(tolerance));
                }
            }
        }
    }

    /** Asserts that a run of elements of {@code whole} is bitwise {@code part}. */
    static void assertPart(String what, HostTensor whole, long start, HostTensor part) {
        for (long i = 0; i < part.elementCount(); i++) {
            if (bits(whole, start + i) != bits(part, i)) {
                assertThat(bits(whole, start + i))
                        .as("element %d of %s", i, what)
                        .isEqualTo(bits(part, i));
            }
        }
    }

    private static double tolerance(
            List<HostTensor> inputs, ReduceOp op, long index, double expected) {
        double epsilon = inputs.get(0).type() == DataType.FLOAT32 ? FLOAT_EPSILON : DOUBLE_EPSILON;
        double magnitude = Math.abs(expected);
        if (op == ReduceOp.SUM || op == ReduceOp.AVERAGE) {
            magnitude = inputs.stream().mapToDouble(t -> Math.abs(real(t, index))).sum();
        }
        return inputs.size() * epsilon * magnitude;
    }

    private static double reduceReals(List<HostTensor> inputs, ReduceOp op, long index) {
        double result = real(inputs.get(0), index);
        for (HostTensor input : inputs.subList(1, inputs.size())) {
            double x = real(input, index);
            result =
                    switch (op) {
                        case SUM, AVERAGE -> result + x;
                        case MIN -> Math.min(result, x);
                        case MAX -> Math.max(result, x);
                        case PRODUCT -> result * x;
                    };
        }
        return op == ReduceOp.AVERAGE ? result / inputs.size() : result;
    }

    private static long reduceIntegers(List<HostTensor> inputs, ReduceOp op, long index) {
        boolean is32 = inputs.get(0).type() == DataType.INT32;
        long result = integer(inputs.get(0), index);
        for (HostTensor input : inputs.subList(1, inputs.size())) {
            long x = integer(input, index);
            result =
                    switch (op) {
                        case SUM, AVERAGE -> result + x;
                        case MIN -> Math.min(result, x);
                        case MAX -> Math.max(result, x);
                        case PRODUCT -> result * x;
                    };
            result = is32 ? (int) result : result;
        }
        return op == ReduceOp.AVERAGE ? result / inputs.size() : result;
    }

    private static double real(HostTensor tensor, long index) {
        ByteBuffer at = tensor.view(index * tensor.type().byteCount(), 8);
        return tensor.type() == DataType.FLOAT32 ? at.getFloat(0) : at.getDouble(0);
    }

    private static long integer(HostTensor tensor, long index) {
        ByteBuffer at = tensor.view(index * tensor.type().byteCount(), 8);
        return tensor.type() == DataType.INT32 ? at.getInt(0) : at.getLong(0);
    }

    private static long bits(HostTensor tensor, long index) {
        ByteBuffer at = tensor.view(index * tensor.type().byteCount(), 8);
        return tensor.type().byteCount() == 4 ? at.getInt(0) : at.getLong(0);
    }
}
