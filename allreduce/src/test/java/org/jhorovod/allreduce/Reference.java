package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
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

    private record Key(DataType type, boolean isProduct, long count, int rank) {}

    // Drawing numbers costs more than reducing them.
    private static final Map<Key, HostTensor> DRAWN = new ConcurrentHashMap<>();

    /** Elements of a rank, in new memory: the same at each call. */
    static HostTensor input(DataType type, ReduceOp op, long count, int rank) {
        HostTensor drawn = drawn(type, op, count, rank);
        HostTensor copy = HostTensor.allocate(type, count);
        for (int i = 0; i < drawn.buffers().size(); i++) {
            copy.buffers().get(i).put(drawn.buffers().get(i));
        }
        return copy;
    }

    private static HostTensor drawn(DataType type, ReduceOp op, long count, int rank) {
        return DRAWN.computeIfAbsent(
                new Key(type, op == ReduceOp.PRODUCT, count, rank), Reference::draw);
    }

    private static HostTensor draw(Key key) {
        HostTensor tensor = HostTensor.allocate(key.type, key.count);
        Random random = new Random(1_000_003L * key.rank + key.count);
        for (ByteBuffer buffer : tensor.buffers()) {
            while (buffer.hasRemaining()) {
                // Products stay near 1, or they would overflow and hide errors.
                double real =
                        key.isProduct ? 0.5 + random.nextDouble() : random.nextGaussian() * 100;
                switch (key.type) {
                    case FLOAT32 -> buffer.putFloat((float) real);
                    case FLOAT64 -> buffer.putDouble(real);
                    case INT32 -> buffer.putInt(random.nextInt());
                    case INT64 -> buffer.putLong(random.nextLong());
                    default -> throw new AssertionError(key.type);
                }
            }
        }
        return tensor;
    }

    static void assertReduced(String what, int size, ReduceOp op, HostTensor result) {
        DataType type = result.type();
        boolean isInteger = type == DataType.INT32 || type == DataType.INT64;
        int count = Math.toIntExact(result.elementCount());
        List<HostTensor> inputs =
                IntStream.range(0, size).mapToObj(rank -> drawn(type, op, count, rank)).toList();
        if (isInteger) {
            List<long[]> in = inputs.stream().map(Reference::integers).toList();
            long[] actual = integers(result);
            for (int i = 0; i < count; i++) {
                long expected = reduceIntegers(type, in, op, i);
                if (actual[i] != expected) {
                    assertThat(actual[i]).as("element %d of %s", i, what).isEqualTo(expected);
                }
            }
            return;
        }
        List<double[]> in = inputs.stream().map(Reference::reals).toList();
        double[] actual = reals(result);
        for (int i = 0; i < count; i++) {
            double expected = reduceReals(in, op, i);
            double tolerance = tolerance(type, in, op, i, expected);
            if (!(Math.abs(actual[i] - expected) <= tolerance)) {
                assertThat(actual[i])
                        .as("element %d of %s", i, what)
                        .isCloseTo(expected, within(tolerance));
            }
        }
    }

    /** Asserts that a run of elements of {@code whole} is bitwise what a rank contributed. */
    static void assertPart(String what, HostTensor whole, int rank, long count) {
        HostTensor expected = drawn(whole.type(), ReduceOp.SUM, count, rank);
        long bytes = expected.byteCount();
        if (bytes > 0) {
            assertThat(whole.view(rank * bytes, bytes)).as(what).isEqualTo(expected.view(0, bytes));
        }
    }

    private static double tolerance(
            DataType type, List<double[]> inputs, ReduceOp op, int index, double expected) {
        double epsilon = type == DataType.FLOAT32 ? FLOAT_EPSILON : DOUBLE_EPSILON;
        double magnitude = Math.abs(expected);
        if (op == ReduceOp.SUM || op == ReduceOp.AVERAGE) {
            magnitude = inputs.stream().mapToDouble(t -> Math.abs(t[index])).sum();
        }
        return inputs.size() * epsilon * magnitude;
    }

    private static double reduceReals(List<double[]> inputs, ReduceOp op, int index) {
        double result = inputs.get(0)[index];
        for (int rank = 1; rank < inputs.size(); rank++) {
            double x = inputs.get(rank)[index];
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

    private static long reduceIntegers(DataType type, List<long[]> inputs, ReduceOp op, int index) {
        long result = inputs.get(0)[index];
        for (int rank = 1; rank < inputs.size(); rank++) {
            long x = inputs.get(rank)[index];
            result =
                    switch (op) {
                        case SUM, AVERAGE -> result + x;
                        case MIN -> Math.min(result, x);
                        case MAX -> Math.max(result, x);
                        case PRODUCT -> result * x;
                    };
            result = type == DataType.INT32 ? (int) result : result;
        }
        return op == ReduceOp.AVERAGE ? result / inputs.size() : result;
    }

    private static double[] reals(HostTensor tensor) {
        double[] values = new double[Math.toIntExact(tensor.elementCount())];
        int i = 0;
        for (ByteBuffer buffer : tensor.buffers()) {
            while (buffer.hasRemaining()) {
                values[i++] =
                        tensor.type() == DataType.FLOAT32 ? buffer.getFloat() : buffer.getDouble();
            }
        }
        return values;
    }

    private static long[] integers(HostTensor tensor) {
        long[] values = new long[Math.toIntExact(tensor.elementCount())];
        int i = 0;
        for (ByteBuffer buffer : tensor.buffers()) {
            while (buffer.hasRemaining()) {
                values[i++] = tensor.type() == DataType.INT32 ? buffer.getInt() : buffer.getLong();
            }
        }
        return values;
    }
}
