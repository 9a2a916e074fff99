package org.jhorovod.allreduce.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** A list that is not refused says the same when it is written out. */
class SlurmListFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of("n[1-2,07],login", "r[1-2]n[01-02]", "2(x3),1", "[0-9]")
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aList_isRefused_orComesBackAsItWas(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        try {
            List<String> nodes = SlurmList.nodes(text);
            assertThat(SlurmList.nodes(String.join(",", nodes))).isEqualTo(nodes);
        } catch (IllegalArgumentException e) {
            assertThat(e).hasNoCause();
        }
        try {
            List<Integer> counts = SlurmList.counts(text);
            String again = counts.stream().map(String::valueOf).collect(Collectors.joining(","));
            assertThat(SlurmList.counts(again)).isEqualTo(counts);
        } catch (IllegalArgumentException e) {
            assertThat(e).hasNoCause();
        }
    }
}
