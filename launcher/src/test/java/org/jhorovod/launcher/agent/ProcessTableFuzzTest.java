package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class ProcessTableFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "x (java) S 1 12 12 0",
                        "12 (java) S 1 12 12 0",
                        "7 (a) b) c) R 1 2 3 4",
                        "9 (x) Z 1 9 9 0")
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aLine_isNoProcess_orOneThatComesBackAsItWas(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        Optional<ProcessTable.Entry> process = ProcessTable.parse(text);
        process.ifPresent(
                entry ->
                        assertThat(
                                        ProcessTable.parse(
                                                "%d (x) S 1 %d %d"
                                                        .formatted(
                                                                entry.pid(),
                                                                entry.group(),
                                                                entry.session())))
                                .contains(entry));
    }
}
