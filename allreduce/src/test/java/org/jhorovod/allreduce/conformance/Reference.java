package org.jhorovod.allreduce.conformance;

import java.nio.ByteBuffer;
import java.util.function.IntToDoubleFunction;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HalfPrecision;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * Inputs that each rank can make for every rank, and what collectives must make of them.
 *
 * <p>An element is a function of type, rank and index. Floating point is reduced in float64 here;
 * elsewhere a reduction of n elements rounds n times, each by at most half an epsilon of its type
 * (the distance from 1 to the next number) of the largest partial result, so the error is below n *
 * epsilon * (sum of the magnitudes). That holds for the 16-bit types too, which are added in
 * float32 and rounded to 16 bits after each addition. Integers are exact, wrapping around.
 *
 * <p>A prescale rounds twice more: some backends round the factor to the elements' type, and all
 * round the product.
 */
public final class Reference {
    private Reference() {}

    /** Elements of a rank, in new memory: the same at each call. */
    public static HostTensor input(DataType type, ReduceOp op, long count, int rank) {
        HostTensor tensor = HostTensor.allocate(type, count);
        byte[] bytes = InputBytes.of(type, op, count, rank);
        int offset = 0;
        for (ByteBuffer buffer : tensor.buffers()) {
            int length = buffer.remaining();
            buffer.put(bytes, offset, length);
            offset += length;
        }
        return tensor;
    }

    /** An element of a floating-point type; exact in it. */
    static double real(DataType type, ReduceOp op, int rank, long index) {
        long random = random(rank, index);
        // Products stay near 1, or they would overflow.
        if (type == DataType.FLOAT16 || type == DataType.BFLOAT16) {
            // As many steps between 0.5 and 1.5 as the type has near 1.5.
            int steps = type == DataType.FLOAT16 ? 1024 : 128;
            double unit = (double) (random & (steps - 1)) / steps;
            return op == ReduceOp.PRODUCT ? 0.5 + unit : (unit - 0.5) * 192;
        }
        double unit = (random >>> 11) * 0x1p-53;
        double real = op == ReduceOp.PRODUCT ? 0.5 + unit : (unit - 0.5) * 200;
        return type == DataType.FLOAT32 ? (float) real : real;
    }

    /** An element of an integer type, as Java would widen it; truth values are 0 or 1. */
    static long integer(DataType type, int rank, long index) {
        return type == DataType.BOOL ? random(rank, index) & 1 : narrow(type, random(rank, index));
    }

    private static long narrow(DataType type, long value) {
        return switch (type) {
            case INT32 -> (int) value;
            case INT8 -> (byte) value;
            case UINT8, BOOL -> value & 0xff;
            default -> value;
        };
    }

    /** SplitMix64's output function over rank and index. */
    private static long random(int rank, long index) {
        long z = (index + 1) * 0x9e3779b97f4a7c15L + (rank + 1) * 0xd1342543de82ef95L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** The prescale of a rank: of either sign, none of which every type can hold, and 0. */
    static double factor(int rank) {
        return switch (rank % 4) {
            case 0 -> 1.0 / 3;
            case 1 -> -1.7;
            case 2 -> 0;
            default -> 0.1;
        };
    }

    /** Finds the first element that is not the reduction over {@code size} ranks. */
    static void checkReduced(
            Findings findings, String what, int size, ReduceOp op, HostTensor result) {
        checkReduced(findings, what, size, op, result, 0);
    }

    /** The same of a part of a reduction, that starts with an element of the whole. */
    static void checkReduced(
            Findings findings, String what, int size, ReduceOp op, HostTensor part, long first) {
        Inputs inputs = new Inputs(part.type(), op, size, rank -> 1);
        checkReduced(findings, what, inputs, size, part, first);
    }

    /** The same of a reduction that is prescaled by each rank's {@link #factor}. */
    static void checkPrescaled(
            Findings findings, String what, int size, ReduceOp op, HostTensor result) {
        checkPrescaled(findings, what, size, op, result, 0);
    }

    /** The same of a part of a reduction, that starts with an element of the whole. */
    static void checkPrescaled(
            Findings findings, String what, int size, ReduceOp op, HostTensor part, long first) {
        Inputs inputs = new Inputs(part.type(), op, size, Reference::factor);
        checkReduced(findings, what, inputs, size + 2, part, first);
    }

    /** What goes into a reduction of floating-point numbers. */
    private record Inputs(DataType type, ReduceOp op, int size, IntToDoubleFunction factors) {
        double of(int rank, long index) {
            return factors.applyAsDouble(rank) * real(type, op, rank, index);
        }
    }

    private static void checkReduced(
            Findings findings,
            String what,
            Inputs inputs,
            int roundings,
            HostTensor result,
            long first) {
        DataType type = result.type();
        ReduceOp op = inputs.op();
        int size = inputs.size();
        forEach(
                result,
                first,
                (index, buffer) -> {
                    if (type.isFloatingPoint()) {
                        double actual = getReal(type, buffer);
                        double expected = reduceReals(inputs, index);
                        double tolerance = tolerance(inputs, roundings, index, expected);
                        if (!(Math.abs(actual - expected) <= tolerance)) {
                            findings.add(
                                    "%s: element %d is %s, expected %s within %s"
                                            .formatted(what, index, actual, expected, tolerance));
                        }
                        return;
                    }
                    long actual = getInteger(type, buffer);
                    long expected = reduceIntegers(type, op, size, index);
                    if (actual != expected) {
                        findings.add(
                                "%s: element %d is %d, expected %d"
                                        .formatted(what, index, actual, expected));
                    }
                });
    }

    /** Finds the first of some elements that is not bitwise what a rank contributed. */
    static void checkInput(
            Findings findings, String what, HostTensor whole, long firstElement, HostTensor part) {
        long bytes = part.type().byteCount();
        long offset = firstElement * bytes;
        for (ByteBuffer expected : part.buffers()) {
            while (expected.hasRemaining()) {
                ByteBuffer actual = whole.view(offset, expected.remaining());
                int count = actual.remaining();
                int difference = actual.mismatch(expected.slice(expected.position(), count));
                if (difference >= 0) {
                    findings.add(
                            "%s: element %d differs"
                                    .formatted(what, (offset + difference) / bytes));
                }
                expected.position(expected.position() + count);
                offset += count;
            }
        }
    }

    private interface ElementReader {
        void read(long index, ByteBuffer buffer);
    }

    private static void forEach(HostTensor tensor, long first, ElementReader element) {
        long index = first;
        for (ByteBuffer buffer : tensor.buffers()) {
            while (buffer.hasRemaining()) {
                element.read(index, buffer);
                index++;
            }
        }
    }

    private static double tolerance(Inputs inputs, int roundings, long index, double expected) {
        ReduceOp op = inputs.op();
        double magnitude = Math.abs(expected);
        if (op == ReduceOp.MIN || op == ReduceOp.MAX) {
            return 0;
        }
        if (op == ReduceOp.SUM || op == ReduceOp.AVERAGE) {
            magnitude = 0;
            for (int rank = 0; rank < inputs.size(); rank++) {
                magnitude += Math.abs(inputs.of(rank, index));
            }
            magnitude /= op == ReduceOp.AVERAGE ? inputs.size() : 1;
        }
        return roundings * epsilon(inputs.type()) * magnitude;
    }

    private static double epsilon(DataType type) {
        return switch (type) {
            case FLOAT32 -> Math.ulp(1.0f);
            case FLOAT16 -> 0x1p-10;
            case BFLOAT16 -> 0x1p-7;
            default -> Math.ulp(1.0);
        };
    }

    private static double reduceReals(Inputs inputs, long index) {
        ReduceOp op = inputs.op();
        int size = inputs.size();
        double result = inputs.of(0, index);
        for (int rank = 1; rank < size; rank++) {
            double x = inputs.of(rank, index);
            result =
                    switch (op) {
                        case SUM, AVERAGE -> result + x;
                        case MIN -> Math.min(result, x);
                        case MAX -> Math.max(result, x);
                        case PRODUCT -> result * x;
                        case ADASUM -> throw new IllegalArgumentException(String.valueOf(op));
                    };
        }
        return op == ReduceOp.AVERAGE ? result / size : result;
    }

    static long reduceIntegers(DataType type, ReduceOp op, int size, long index) {
        long result = integer(type, 0, index);
        for (int rank = 1; rank < size; rank++) {
            long x = integer(type, rank, index);
            result =
                    switch (op) {
                        case SUM, AVERAGE -> narrow(type, result + x);
                        case MIN -> Math.min(result, x);
                        case MAX -> Math.max(result, x);
                        case PRODUCT -> narrow(type, result * x);
                        case ADASUM -> throw new IllegalArgumentException(String.valueOf(op));
                    };
        }
        return op == ReduceOp.AVERAGE ? result / size : result;
    }

    private static double getReal(DataType type, ByteBuffer buffer) {
        return switch (type) {
            case FLOAT32 -> buffer.getFloat();
            case FLOAT64 -> buffer.getDouble();
            default -> {
                float[] decoded = new float[1];
                HalfPrecision.decode(type, new short[] {buffer.getShort()}, decoded, 1);
                yield decoded[0];
            }
        };
    }

    private static long getInteger(DataType type, ByteBuffer buffer) {
        return switch (type) {
            case INT32 -> buffer.getInt();
            case INT64 -> buffer.getLong();
            default -> narrow(type, buffer.get());
        };
    }
}
