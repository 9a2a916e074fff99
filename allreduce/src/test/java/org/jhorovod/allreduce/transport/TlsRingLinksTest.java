package org.jhorovod.allreduce.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class TlsRingLinksTest {
    private static final long END_SECONDS = 40;

    @Test
    void bytes_arrive_whereTlsTakesNewKeysOnTheWay(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("output");
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-Djavax.net.debug=ssl:handshake",
                                "-cp",
                                System.getProperty("java.class.path"),
                                NewKeysProgram.class.getName())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        try {
            assertThat(process.waitFor(END_SECONDS, TimeUnit.SECONDS)).isTrue();
            String said = Files.readString(output);
            assertThat(said).contains("all arrived");
            assertThat(said.split("Produced KeyUpdate", -1).length)
                    .as("new keys of two ends")
                    .isGreaterThan(2 * 6);
        } finally {
            process.destroyForcibly();
        }
    }
}
