package org.jhorovod.allreduce.collective;

/**
 * The two 16-bit floating-point types from and to float32; every value of theirs has one in
 * float32, and the way back rounds to nearest, ties to even.
 */
public final class HalfPrecision {
    private static final int BFLOAT16_SHIFT = 16;
    // A float32 has 23 bits of mantissa, a float16 has 10.
    private static final int MANTISSA_SHIFT = 13;
    private static final int SIGN = 0x8000;
    private static final int FLOAT16_NAN = 0x7e00;
    private static final int FLOAT16_INFINITY = 0x7c00;
    private static final int FLOAT32_INFINITY = 0x7f800000;
    private static final int FLOAT32_OF_2_TO_16 = 0x47800000;
    private static final int FLOAT32_OF_2_TO_MINUS_14 = 0x38800000;
    // The difference of the exponents' biases, 127 - 15, where float32 has its exponent.
    private static final int BIAS = 112 << 23;
    private static final int FLOAT32_OF_HALF = 0x3f000000;
    private static final int QUIET_BFLOAT16 = 0x40;

    private HalfPrecision() {}

    /** Decodes {@code count} elements of the given type, which must be one of the two. */
    public static void decode(DataType type, short[] from, float[] to, int count) {
        if (type == DataType.BFLOAT16) {
            for (int i = 0; i < count; i++) {
                to[i] = Float.intBitsToFloat(from[i] << BFLOAT16_SHIFT);
            }
        } else {
            float[] table = Float16Table.VALUES;
            for (int i = 0; i < count; i++) {
                to[i] = table[from[i] & 0xffff];
            }
        }
    }

    /** Encodes {@code count} elements into the given type, which must be one of the two. */
    public static void encode(DataType type, float[] from, short[] to, int count) {
        if (type == DataType.BFLOAT16) {
            for (int i = 0; i < count; i++) {
                to[i] = toBfloat16(from[i]);
            }
        } else {
            for (int i = 0; i < count; i++) {
                to[i] = toFloat16(from[i]);
            }
        }
    }

    private static short toBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> BFLOAT16_SHIFT) | QUIET_BFLOAT16);
        }
        int lowestKept = (bits >>> BFLOAT16_SHIFT) & 1;
        return (short) ((bits + 0x7fff + lowestKept) >>> BFLOAT16_SHIFT);
    }

    private static short toFloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = (bits >>> 16) & SIGN;
        int magnitude = bits & Integer.MAX_VALUE;
        if (magnitude > FLOAT32_INFINITY) {
            return (short) (sign | FLOAT16_NAN);
        }
        if (magnitude >= FLOAT32_OF_2_TO_16) {
            return (short) (sign | FLOAT16_INFINITY);
        }
        if (magnitude < FLOAT32_OF_2_TO_MINUS_14) {
            // Subnormal: 0.5 has its last place where the smallest float16 is, so adding it rounds.
            float rounded = Float.intBitsToFloat(magnitude) + 0.5f;
            return (short) (sign | (Float.floatToRawIntBits(rounded) - FLOAT32_OF_HALF));
        }
        int lowestKept = (magnitude >>> MANTISSA_SHIFT) & 1;
        int rounded = magnitude + 0xfff + lowestKept;
        return (short) (sign | ((rounded - BIAS) >>> MANTISSA_SHIFT));
    }

    private static float fromFloat16(int bits) {
        int exponent = (bits >>> 10) & 0x1f;
        int mantissa = bits & 0x3ff;
        float magnitude =
                switch (exponent) {
                    case 0 -> mantissa * 0x1p-24f;
                    case 0x1f -> mantissa == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
                    default -> Math.scalb(1 + mantissa * 0x1p-10f, exponent - 15);
                };
        return (bits & SIGN) == 0 ? magnitude : -magnitude;
    }

    /** All values, made at the first use. */
    private static final class Float16Table {
        static final float[] VALUES = new float[1 << 16];

        static {
            for (int bits = 0; bits < VALUES.length; bits++) {
                VALUES[bits] = fromFloat16(bits);
            }
        }
    }
}
