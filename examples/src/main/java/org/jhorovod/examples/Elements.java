package org.jhorovod.examples;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.DataType;

/** Single elements of a buffer in native order as Java's numbers. */
final class Elements {
    // float16: a sign, 5 bits of exponent that start at -15, 10 of the fraction.
    private static final int HALF_FRACTION_BITS = 10;
    private static final int HALF_BIAS = 15;
    private static final int HALF_TOP_EXPONENT = 31;

    private Elements() {}

    /** A floating-point element. */
    static double real(ByteBuffer buffer, DataType type, int byteIndex) {
        return switch (type) {
            case FLOAT32 -> buffer.getFloat(byteIndex);
            case FLOAT64 -> buffer.getDouble(byteIndex);
            case FLOAT16 -> half(buffer.getShort(byteIndex));
            case BFLOAT16 -> Float.intBitsToFloat(buffer.getShort(byteIndex) << 16);
            default -> throw new AssertionError(type);
        };
    }

    /**
     * Puts a floating-point element.
     *
     * @param value that the type holds exactly; for float16 also a normal number
     */
    static void putReal(ByteBuffer buffer, DataType type, int byteIndex, double value) {
        switch (type) {
            case FLOAT32 -> buffer.putFloat(byteIndex, (float) value);
            case FLOAT64 -> buffer.putDouble(byteIndex, value);
            case FLOAT16 -> buffer.putShort(byteIndex, halfBits(value));
            case BFLOAT16 ->
                    buffer.putShort(
                            byteIndex, (short) (Float.floatToRawIntBits((float) value) >>> 16));
            default -> throw new AssertionError(type);
        }
    }

    /** A whole number, or 0 or 1 for a truth value. */
    static long whole(ByteBuffer buffer, DataType type, int byteIndex) {
        return switch (type) {
            case INT32 -> buffer.getInt(byteIndex);
            case INT64 -> buffer.getLong(byteIndex);
            case INT8 -> buffer.get(byteIndex);
            case UINT8, BOOL -> buffer.get(byteIndex) & 0xff;
            default -> throw new AssertionError(type);
        };
    }

    /** Puts a whole number, of which the type's lower bits are kept. */
    static void putWhole(ByteBuffer buffer, DataType type, int byteIndex, long value) {
        switch (type) {
            case INT32 -> buffer.putInt(byteIndex, (int) value);
            case INT64 -> buffer.putLong(byteIndex, value);
            case INT8, UINT8, BOOL -> buffer.put(byteIndex, (byte) value);
            default -> throw new AssertionError(type);
        }
    }

    private static double half(short bits) {
        int exponent = (bits >> HALF_FRACTION_BITS) & HALF_TOP_EXPONENT;
        int fraction = bits & ((1 << HALF_FRACTION_BITS) - 1);
        double size;
        if (exponent == HALF_TOP_EXPONENT) {
            size = fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
        } else if (exponent == 0) {
            size = Math.scalb((double) fraction, 1 - HALF_BIAS - HALF_FRACTION_BITS);
        } else {
            size =
                    Math.scalb(
                            (double) (fraction + (1 << HALF_FRACTION_BITS)),
                            exponent - HALF_BIAS - HALF_FRACTION_BITS);
        }
        return bits < 0 ? -size : size;
    }

    private static short halfBits(double value) {
        int exponent = Math.getExponent(value);
        int fraction =
                (int) Math.scalb(Math.abs(value), HALF_FRACTION_BITS - exponent)
                        - (1 << HALF_FRACTION_BITS);
        int size = ((exponent + HALF_BIAS) << HALF_FRACTION_BITS) | fraction;
        return (short) (value < 0 ? size | 0x8000 : size);
    }
}
