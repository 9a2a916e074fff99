package org.jhorovod.allreduce.backend.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HalfPrecision;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Two runs of elements into one, for each type. */
class JavaReductionKernelTest {
    private static final int SEED = 20;
    private static final int DIVISOR = 3;

    private final JavaReductionKernel kernel = new JavaReductionKernel();

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    private byte[] reduce(DataType type, ReduceOp op, byte[] a, byte[] b, int divisor) {
        ByteBuffer accumulator = direct(a.length).put(a).flip();
        ByteBuffer incoming = direct(b.length).put(b).flip();
        kernel.reduce(type, op, List.of(accumulator, incoming), List.of(accumulator), divisor);
        byte[] result = new byte[a.length];
        accumulator.duplicate().get(result);
        return result;
    }

    private static short[] shorts(byte[] bytes) {
        short[] result = new short[bytes.length / 2];
        ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).asShortBuffer().get(result);
        return result;
    }

    private static byte[] halves(DataType type, float... values) {
        short[] encoded = new short[values.length];
        HalfPrecision.encode(type, values, encoded, values.length);
        ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.nativeOrder());
        bytes.asShortBuffer().put(encoded);
        return bytes.array();
    }

    private static float[] floats(DataType type, byte[] bytes) {
        float[] result = new float[bytes.length / 2];
        HalfPrecision.decode(type, shorts(bytes), result, result.length);
        return result;
    }

    static Stream<Arguments> typesAndOps() {
        return Stream.of(DataType.values())
                .flatMap(
                        type ->
                                Stream.of(ReduceOp.values())
                                        .filter(type::supports)
                                        .filter(ReduceOp::isElementWise)
                                        .map(op -> Arguments.of(type, op)));
    }

    /** More than a block of the kernel, and neither a whole number of blocks nor of vectors. */
    @ParameterizedTest
    @MethodSource("typesAndOps")
    void everyElementOfALongRun_isReducedAsIfItWereAlone(DataType type, ReduceOp op) {
        int count = 5003;
        byte[] a = random(type, count, 1);
        byte[] b = random(type, count, 2);
        int divisor = op == ReduceOp.AVERAGE ? DIVISOR : 1;
        byte[] whole = reduce(type, op, a, b, divisor);
        int width = type.byteCount();
        for (int i = 0; i < count; i += 7) {
            byte[] one = new byte[width];
            byte[] other = new byte[width];
            System.arraycopy(a, i * width, one, 0, width);
            System.arraycopy(b, i * width, other, 0, width);
            byte[] expected = reduce(type, op, one, other, divisor);
            byte[] actual = new byte[width];
            System.arraycopy(whole, i * width, actual, 0, width);
            assertThat(actual).as("%s of %s, element %d", op, type, i).isEqualTo(expected);
        }
    }

    private static byte[] random(DataType type, int count, int salt) {
        Random random = new Random(SEED + salt);
        byte[] bytes = new byte[count * type.byteCount()];
        random.nextBytes(bytes);
        if (type == DataType.BOOL) {
            for (int i = 0; i < count; i++) {
                bytes[i] &= 1;
            }
        }
        return bytes;
    }

    @Test
    void int8_wrapsAround_andItsAverageIsTheWrappedSumDividedTowardsZero() {
        byte[] a = {127, -128, -7, 100, -100};
        byte[] b = {1, -1, 2, 100, 3};
        assertThat(reduce(DataType.INT8, ReduceOp.SUM, a, b, 1))
                .containsExactly(-128, 127, -5, -56, -97);
        assertThat(reduce(DataType.INT8, ReduceOp.AVERAGE, a, b, 2))
                .containsExactly(-64, 63, -2, -28, -48);
        assertThat(reduce(DataType.INT8, ReduceOp.PRODUCT, a, b, 1))
                .containsExactly(127, -128, -14, 16, -44);
        assertThat(reduce(DataType.INT8, ReduceOp.MIN, a, b, 1))
                .containsExactly(1, -128, -7, 100, -100);
        assertThat(reduce(DataType.INT8, ReduceOp.MAX, a, b, 1))
                .containsExactly(127, -1, 2, 100, 3);
    }

    @Test
    void uint8_hasNoSign() {
        byte[] a = {(byte) 255, (byte) 200, 0, (byte) 128};
        byte[] b = {1, (byte) 100, (byte) 255, 2};
        assertThat(reduce(DataType.UINT8, ReduceOp.SUM, a, b, 1)).containsExactly(0, 44, 255, 130);
        assertThat(reduce(DataType.UINT8, ReduceOp.AVERAGE, a, b, 2))
                .containsExactly(0, 22, 127, 65);
        assertThat(reduce(DataType.UINT8, ReduceOp.MAX, a, b, 1))
                .containsExactly(255, 200, 255, 128);
        assertThat(reduce(DataType.UINT8, ReduceOp.MIN, a, b, 1)).containsExactly(1, 100, 0, 2);
        assertThat(reduce(DataType.UINT8, ReduceOp.PRODUCT, a, b, 1))
                .containsExactly(255, 32, 0, 0);
    }

    @Test
    void bool_isTrueOnAll_orOnAny() {
        byte[] a = {0, 0, 1, 1};
        byte[] b = {0, 1, 0, 1};
        assertThat(reduce(DataType.BOOL, ReduceOp.MIN, a, b, 1)).containsExactly(0, 0, 0, 1);
        assertThat(reduce(DataType.BOOL, ReduceOp.MAX, a, b, 1)).containsExactly(0, 1, 1, 1);
    }

    @Test
    void float16_isAddedInFloat32_andRoundedOnce() {
        DataType type = DataType.FLOAT16;
        // 2048 + 1 lies between two float16; to even. The average of two large ones is in range.
        byte[] a = halves(type, 2048, 2048, 60000);
        byte[] b = halves(type, 1, 3, 60000);
        assertThat(floats(type, reduce(type, ReduceOp.SUM, a, b, 1)))
                .containsExactly(2048, 2052, Float.POSITIVE_INFINITY);
        assertThat(floats(type, reduce(type, ReduceOp.AVERAGE, a, b, 2)))
                .containsExactly(1024, 1026, 60000);
    }

    @Test
    void bfloat16_isAddedInFloat32_andRoundedOnce() {
        DataType type = DataType.BFLOAT16;
        byte[] a = halves(type, 256, 256, 1e38f);
        byte[] b = halves(type, 1, 3, 1e38f);
        assertThat(floats(type, reduce(type, ReduceOp.SUM, a, b, 1))[0]).isEqualTo(256);
        assertThat(floats(type, reduce(type, ReduceOp.SUM, a, b, 1))[1]).isEqualTo(260);
        assertThat(floats(type, reduce(type, ReduceOp.PRODUCT, a, b, 1))[2]).isInfinite();
    }

    @ParameterizedTest
    @EnumSource(value = ReduceOp.class, mode = EnumSource.Mode.EXCLUDE, names = "ADASUM")
    void aNanOnEitherSide_givesNan(ReduceOp op) {
        for (DataType type : List.of(DataType.FLOAT16, DataType.BFLOAT16)) {
            byte[] a = halves(type, Float.NaN, 1);
            byte[] b = halves(type, 1, Float.NaN);
            assertThat(floats(type, reduce(type, op, a, b, 1))).containsOnly(Float.NaN);
        }
    }
}
