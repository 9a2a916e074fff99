package org.jhorovod.allreduce.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.DataType;
import org.junit.jupiter.params.provider.MethodSource;

/** The encodings that come from other carriers; the first two bytes choose one and its length. */
class PackingFuzzTest {
    private static final float UNTOUCHED = 77;

    private static List<Packing> packings(int elementCount) {
        return List.of(
                new HalfPacking(DataType.FLOAT16, elementCount),
                new HalfPacking(DataType.BFLOAT16, elementCount),
                BlockPacking.ofBytes(elementCount),
                BlockPacking.ofNibbles(elementCount),
                new TopPacking(elementCount, (elementCount + 3) / 4));
    }

    static Stream<byte[]> seeds() {
        return Stream.of(0, 1, 2, 3, 4)
                .flatMap(which -> Stream.of(1, 65, 255).map(count -> seed(which, count)));
    }

    private static byte[] seed(int which, int elementCount) {
        Packing packing = packings(elementCount).get(which);
        ByteBuffer encoding = encoding(packing.byteCount());
        packing.encode(Floats.normal(elementCount, 1, which), encoding);
        byte[] bytes = new byte[2 + packing.byteCount()];
        bytes[0] = (byte) which;
        bytes[1] = (byte) elementCount;
        encoding.get(0, bytes, 2, packing.byteCount());
        return bytes;
    }

    private static ByteBuffer encoding(int byteCount) {
        return ByteBuffer.allocateDirect(byteCount).order(ByteOrder.LITTLE_ENDIAN);
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void bytes_areRefused_orDecodeToAsManyElementsAndNoMore(byte[] bytes) {
        if (bytes.length < 2) {
            return;
        }
        int elementCount = bytes[1] & 0xff;
        Packing packing = packings(elementCount).get((bytes[0] & 0xff) % 5);
        ByteBuffer encoding = encoding(bytes.length - 2);
        encoding.put(0, bytes, 2, bytes.length - 2);
        try {
            packing.require(encoding);
        } catch (IllegalArgumentException e) {
            return;
        }
        float[] sums = new float[elementCount + 1];
        sums[elementCount] = UNTOUCHED;
        packing.add(encoding, 0, sums, elementCount);
        assertThat(sums[elementCount]).isEqualTo(UNTOUCHED);
        // And what was decoded can be encoded.
        packing.encode(Arrays.copyOf(sums, elementCount), encoding);
        packing.require(encoding);
    }
}
