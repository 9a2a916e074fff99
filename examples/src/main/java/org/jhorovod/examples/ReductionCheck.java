package org.jhorovod.examples;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/*
 * Inputs that every rank can compute for all ranks, and so the result that each element must have.
 *
 * Floating-point inputs have a size of 0.5 to 1.5 (in a product 15/16 to 17/16, which neither
 * overflows nor vanishes) and either sign, and are exact in their type. The reference folds them in
 * float64. A result of n ranks in the element's type has been rounded n times at most, and twice
 * more where an average is a sum of scaled inputs; each time by the unit round-off u of the
 * accumulated sizes. Twice that is allowed: |got - reference| <= 2 (n + 2) u s, where s is the sum
 * of the inputs' sizes (by n for an average), or the size of the product. The factor of two takes
 * in the reference's own rounding in float64, and the terms in u^2.
 */

/** Knows what an all-reduce must give, element by element. Immutable. */
final class ReductionCheck {
    private static final long STEP = 0x9E3779B97F4A7C15L; // of SplitMix64

    private final DataType type;
    private final ReduceOp op;
    private final int ranks;
    private final long seed;
    private final int significantBits;

    /**
     * A check with inputs of its own.
     *
     * @param seed makes them other ones than those of other checks
     */
    ReductionCheck(DataType type, ReduceOp op, int ranks, long seed) {
        this.type = type;
        this.op = op;
        this.ranks = ranks;
        this.seed = mix((seed + 1) * STEP);
        this.significantBits =
                switch (type) {
                    case FLOAT64 -> 53;
                    case FLOAT32 -> 24;
                    case FLOAT16 -> 11;
                    case BFLOAT16 -> 8;
                    default -> 0;
                };
    }

    /** Puts a rank's input. */
    void fill(HostTensor tensor, int rank) {
        long index = 0;
        for (ByteBuffer buffer : tensor.buffers()) {
            for (int at = 0; at < buffer.limit(); at += type.byteCount(), index++) {
                if (type.isFloatingPoint()) {
                    Elements.putReal(buffer, type, at, real(rank, index));
                } else {
                    Elements.putWhole(buffer, type, at, whole(rank, index));
                }
            }
        }
    }

    /** How many elements of a result are wrong. */
    long countWrong(HostTensor result) {
        long index = 0;
        long wrong = 0;
        for (ByteBuffer buffer : result.buffers()) {
            for (int at = 0; at < buffer.limit(); at += type.byteCount(), index++) {
                boolean isRight =
                        type.isFloatingPoint()
                                ? isRight(Elements.real(buffer, type, at), index)
                                : Elements.whole(buffer, type, at) == expectedWhole(index);
                if (!isRight) {
                    wrong++;
                }
            }
        }
        return wrong;
    }

    private boolean isRight(double got, long index) {
        double expected = real(0, index);
        double sizes = Math.abs(expected);
        for (int rank = 1; rank < ranks; rank++) {
            double input = real(rank, index);
            sizes += Math.abs(input);
            expected =
                    switch (op) {
                        case SUM, AVERAGE -> expected + input;
                        case MIN -> Math.min(expected, input);
                        case MAX -> Math.max(expected, input);
                        case PRODUCT -> expected * input;
                        case ADASUM -> throw notOfElements();
                    };
        }
        double scale =
                switch (op) {
                    case SUM -> sizes;
                    case AVERAGE -> sizes / ranks;
                    case MIN, MAX -> 0;
                    case PRODUCT -> Math.abs(expected);
                    case ADASUM -> throw notOfElements();
                };
        if (op == ReduceOp.AVERAGE) {
            expected /= ranks;
        }
        double tolerance = 2 * (ranks + 2) * Math.scalb(scale, -significantBits);
        return Math.abs(got - expected) <= tolerance; // false for NaN
    }

    private static IllegalStateException notOfElements() {
        return new IllegalStateException("bug: elements do not tell what ADASUM makes of them");
    }

    private long expectedWhole(long index) {
        long expected = whole(0, index);
        for (int rank = 1; rank < ranks; rank++) {
            long input = whole(rank, index);
            expected =
                    switch (op) {
                        case SUM, AVERAGE -> expected + input;
                        case MIN -> Math.min(expected, input);
                        case MAX -> Math.max(expected, input);
                        case PRODUCT -> expected * input;
                        case ADASUM -> throw notOfElements();
                    };
        }
        long wrapped = wrap(expected);
        return op == ReduceOp.AVERAGE ? wrapped / ranks : wrapped;
    }

    private double real(int rank, long index) {
        long bits = draw(rank, index);
        // A whole number over 2^b is exact in b + 1 significant bits while it is below 2.
        int fractionBits = Math.min(significantBits - 1, 30);
        double spread = op == ReduceOp.PRODUCT ? 1.0 / 8 : 1;
        long most = (long) (spread * (1L << fractionBits));
        long least = (1L << fractionBits) - most / 2;
        double size = Math.scalb((double) (least + (bits >>> 33) % most), -fractionBits);
        return (bits & 1) == 0 ? size : -size;
    }

    private long whole(int rank, long index) {
        long bits = draw(rank, index) >>> 8;
        if (type == DataType.INT64) {
            bits *= STEP;
        }
        // Products of even numbers soon vanish in the lower bits.
        return wrap(op == ReduceOp.PRODUCT ? bits | 1 : bits);
    }

    private long wrap(long value) {
        return switch (type) {
            case INT32 -> (int) value;
            case INT8 -> (byte) value;
            case UINT8 -> value & 0xff;
            case BOOL -> value & 1;
            default -> value;
        };
    }

    private long draw(int rank, long index) {
        return mix(seed + (index * ranks + rank) * STEP);
    }

    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
