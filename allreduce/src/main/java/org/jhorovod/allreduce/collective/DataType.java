package org.jhorovod.allreduce.collective;

/** The element types that a collective can carry; bytes are in the machine's native order. */
public enum DataType {
    FLOAT32(4),
    FLOAT64(8),
    INT32(4),
    INT64(8),
    /**
     * IEEE 754 half precision; on the host reduced in float32, and rounded to nearest after each
     * step. A sum beyond 65504 is infinite, for some backends also on the way to an average: scale
     * it down before, by {@link ReduceOp#prescaledBy} for instance.
     */
    FLOAT16(2),
    /** The upper half of a float32; reduced in float32, and rounded to nearest after each step. */
    BFLOAT16(2),
    INT8(1),
    UINT8(1),
    /** One byte, 0 or 1. */
    BOOL(1);

    private final int byteCount;

    DataType(int byteCount) {
        this.byteCount = byteCount;
    }

    /** Bytes of one element. */
    public int byteCount() {
        return byteCount;
    }

    /** Whether elements are floating-point numbers; sums of the others wrap around. */
    public boolean isFloatingPoint() {
        return this == FLOAT32 || this == FLOAT64 || this == FLOAT16 || this == BFLOAT16;
    }

    /** The largest finite number of a floating-point type. */
    double largest() {
        return switch (this) {
            case FLOAT16 -> 65504;
            case BFLOAT16 -> Float.intBitsToFloat(0x7f7f0000);
            case FLOAT32 -> Float.MAX_VALUE;
            case FLOAT64 -> Double.MAX_VALUE;
            default -> throw new IllegalStateException("bug: " + this + " is an integer type");
        };
    }

    /**
     * Whether the reduction has a meaning for elements of this type. Truth values have a minimum
     * (true on all ranks) and a maximum (true on any rank), and no sum; {@link ReduceOp#ADASUM} is
     * for floating-point numbers.
     */
    public boolean supports(ReduceOp op) {
        if (op == ReduceOp.ADASUM) {
            return isFloatingPoint();
        }
        return this != BOOL || op == ReduceOp.MIN || op == ReduceOp.MAX;
    }
}
