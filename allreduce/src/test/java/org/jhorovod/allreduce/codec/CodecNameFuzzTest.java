package org.jhorovod.allreduce.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** The name of a codec with its parameter. */
class CodecNameFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of("int8", "topk:0.01", "topk:1e-300", "powersgd:4")
                .map(name -> name.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aText_isRefused_orTheCodecOfItsOwnName(byte[] bytes) {
        Codec codec;
        try {
            codec = Codecs.parse(new String(bytes, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageContaining(Codecs.ALLOWED);
            return;
        }
        assertThat(Codecs.parse(codec.name()).name()).isEqualTo(codec.name());
        assertThat(codec.bytesSent(Floats.vector(1000), 2)).isPositive();
    }
}
