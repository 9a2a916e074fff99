package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class UniqueIdFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of("22105 " + "0F".repeat(128), "22105 0F", "x " + "00".repeat(128))
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aLine_isNoId_orOneThatComesBackAsItWas(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        Optional<UniqueId> id = UniqueId.decode(text);

        assertThat(id.flatMap(known -> UniqueId.decode(known.encode()))).isEqualTo(id);
    }
}
