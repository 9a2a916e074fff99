package org.jhorovod.launcher.warmup;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** The words of a command, a line each. */
class JavaCommandFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "java\n-cp\na:b\n-Dx=y\nMain\n-Dz",
                        "/usr/bin/java\n--class-path=a\n-D\n-jar",
                        "python")
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aCommand_startsNoJava_orByItsFirstWord(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        List<String> words = List.of(text.split("\n", -1));

        Optional<JavaCommand> command = JavaCommand.parse(words, Map.of());

        command.ifPresent(java -> assertThat(java.java()).isEqualTo(words.get(0)));
    }
}
