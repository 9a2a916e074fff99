package org.jhorovod.allreduce.collective;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The 16-bit types, every value of them. */
class HalfPrecisionTest {
    private static final int SIGN = 0x8000;

    private static float decode(DataType type, int bits) {
        float[] decoded = new float[1];
        HalfPrecision.decode(type, new short[] {(short) bits}, decoded, 1);
        return decoded[0];
    }

    private static int encode(DataType type, float value) {
        short[] encoded = new short[1];
        HalfPrecision.encode(type, new float[] {value}, encoded, 1);
        return encoded[0] & 0xffff;
    }

    private static int exponentBits(DataType type) {
        return type == DataType.FLOAT16 ? 5 : 8;
    }

    private static int mantissaBits(DataType type) {
        return 15 - exponentBits(type);
    }

    /** The bits of infinity: all of the exponent. */
    private static int infinity(DataType type) {
        return ((1 << exponentBits(type)) - 1) << mantissaBits(type);
    }

    /** By the definition of IEEE 754, in float64, where every value has its place. */
    private static double define(DataType type, int bits) {
        int mantissaBits = mantissaBits(type);
        int bias = (1 << (exponentBits(type) - 1)) - 1;
        int exponent = (bits & 0x7fff) >> mantissaBits;
        int mantissa = bits & ((1 << mantissaBits) - 1);
        if ((bits & 0x7fff) >= infinity(type)) {
            double special = mantissa == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            return (bits & SIGN) == 0 ? special : -special;
        }
        int significand = exponent == 0 ? mantissa : mantissa | (1 << mantissaBits);
        double magnitude = significand * Math.pow(2, Math.max(exponent, 1) - bias - mantissaBits);
        return (bits & SIGN) == 0 ? magnitude : -magnitude;
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT16", "BFLOAT16"})
    // As objects: NaN equals itself, and the zeros differ.
    void decode_givesTheValueThatIsDefined_forAllBits(DataType type) {
        for (int bits = 0; bits <= 0xffff; bits++) {
            assertThat((double) decode(type, bits))
                    .as("%s 0x%04x", type, bits)
                    .isEqualTo(Double.valueOf(define(type, bits)));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT16", "BFLOAT16"})
    void encode_givesBackTheBits_ofEveryValueThatTheTypeHas(DataType type) {
        for (int bits = 0; bits <= 0xffff; bits++) {
            float value = decode(type, bits);
            if (Float.isNaN(value)) {
                assertThat(decode(type, encode(type, value))).as("0x%04x", bits).isNaN();
            } else {
                assertThat(encode(type, value)).as("0x%04x", bits).isEqualTo(bits);
            }
        }
    }

    /** From 0 over the subnormal numbers up to the step from the largest number to infinity. */
    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT16", "BFLOAT16"})
    void encode_roundsToNearest_andTiesToEven_betweenAllNeighbours(DataType type) {
        for (int lower = 0; lower < infinity(type); lower++) {
            int upper = lower + 1;
            int even = lower % 2 == 0 ? lower : upper;
            // What would follow the largest number, if infinity did not.
            double above =
                    upper == infinity(type)
                            ? 2 * define(type, lower) - define(type, lower - 1)
                            : define(type, upper);
            double exactMiddle = (define(type, lower) + above) / 2;
            float middle = (float) exactMiddle;
            assertThat((double) middle).as("float32 has the middle").isEqualTo(exactMiddle);
            for (int sign : new int[] {0, SIGN}) {
                float signed = sign == 0 ? middle : -middle;
                String what = "%s 0x%04x".formatted(type, lower | sign);
                assertThat(encode(type, signed)).as("tie above " + what).isEqualTo(even | sign);
                float less = sign == 0 ? Math.nextDown(middle) : -Math.nextDown(middle);
                assertThat(encode(type, less)).as("just above " + what).isEqualTo(lower | sign);
                float more = sign == 0 ? Math.nextUp(middle) : -Math.nextUp(middle);
                assertThat(encode(type, more))
                        .as("just below next " + what)
                        .isEqualTo(upper | sign);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT16", "BFLOAT16"})
    void encode_keepsNanInfinityAndTheSignOfZero(DataType type) {
        int infinity = infinity(type);
        assertThat(encode(type, Float.POSITIVE_INFINITY)).isEqualTo(infinity);
        assertThat(encode(type, Float.NEGATIVE_INFINITY)).isEqualTo(infinity | SIGN);
        assertThat(encode(type, Float.MAX_VALUE)).isEqualTo(infinity);
        assertThat(encode(type, 0.0f)).isZero();
        assertThat(encode(type, -0.0f)).isEqualTo(SIGN);
        // Their mantissa lies in the bits that are cut off, in part or whole.
        for (int bits : new int[] {0x7f800001, 0x7f80ffff, 0x7fc00000, 0xff800001, 0xffffffff}) {
            assertThat(decode(type, encode(type, Float.intBitsToFloat(bits))))
                    .as("NaN 0x%08x", bits)
                    .isNaN();
        }
    }

    @Test
    void float16_endsAt65504() {
        assertThat(decode(DataType.FLOAT16, encode(DataType.FLOAT16, 65519.996f)))
                .isEqualTo(65504.0f);
        assertThat(decode(DataType.FLOAT16, encode(DataType.FLOAT16, 65520.0f))).isInfinite();
    }
}
