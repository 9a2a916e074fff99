package org.jhorovod.allreduce.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import org.jhorovod.allreduce.collective.MismatchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What another carrier sends may be anything. */
class MalformedEncodingTest {

    /** Another carrier, whose bytes are this one's after a change. */
    private record Tampered(Consumer<ByteBuffer> change) implements Exchange {

        @Override
        public int size() {
            return 2;
        }

        @Override
        public int position() {
            return 0;
        }

        @Override
        public void allGather(ByteBuffer own, ByteBuffer all) {
            all.put(own.duplicate());
            ByteBuffer other = all.slice().order(ByteOrder.LITTLE_ENDIAN);
            all.put(own);
            change.accept(other);
        }

        @Override
        public void allReduce(ByteBuffer sum) {}
    }

    private static float[] reduce(String name, Consumer<ByteBuffer> change) {
        BucketCodec bucket = Codecs.parse(name).open(Floats.vector(100), ErrorFeedback.ON);
        ByteBuffer values = Floats.direct(Floats.normal(100, 1, 5));
        bucket.reduce(values, new Tampered(change));
        return Floats.of(values);
    }

    @ParameterizedTest
    @CsvSource({"100, index 100 follows", "-1, index -1 follows", "2147483647, index 2147483647"})
    void topk_refusesAnIndexOutsideTheBucket(int index, String reason) {
        assertThatThrownBy(() -> reduce("topk:0.04", bytes -> bytes.putInt(12, index)))
                .isInstanceOf(MismatchException.class)
                .hasMessageContaining("Carrier 0 cannot decode what carrier 1 sent")
                .hasMessageContaining("'topk:0.04' of a bucket of 100 elements")
                .hasMessageContaining(reason)
                .hasMessageContaining("the same codec and the same buckets");
    }

    @Test
    void topk_refusesAnIndexThatComesTwice() {
        assertThatThrownBy(() -> reduce("topk:0.04", bytes -> bytes.putInt(4, bytes.getInt(0))))
                .isInstanceOf(MismatchException.class)
                .hasMessageContaining("ascend");
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void aStepThatIsNotFinite_makesItsBlockNan(float step) {
        float[] sums = reduce("int4", bytes -> bytes.putFloat(0, step));
        for (int i = 0; i < 100; i++) {
            assertThat(Float.isNaN(sums[i])).as("element %d", i).isEqualTo(i < 64);
        }
        assertThat(reduce("int8", bytes -> bytes.putFloat(0, step))).containsOnly(Float.NaN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"float16", "bfloat16", "int8", "int4", "topk:0.04"})
    void anotherLength_isRefused(String name) {
        int byteCount = (int) Codecs.parse(name).bytesSent(Floats.vector(100), 2);
        Packing packing = ((GatheredCodec) Codecs.parse(name)).packing().apply(100);
        assertThat(packing.byteCount()).isEqualTo(byteCount);
        for (int other : new int[] {0, byteCount - 1, byteCount + 1}) {
            assertThatThrownBy(() -> packing.require(ByteBuffer.allocate(other)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("it has %d bytes in place of %d".formatted(other, byteCount));
        }
    }
}
