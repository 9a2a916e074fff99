package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;

/** Hears all that goes over a host's line, but for what ssh encrypts anyway. */
final class LineTap implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(15);
    private static final Path PROGRAM = Path.of("/usr/bin/tcpdump");

    private static final String LAST = "the last that is heard";

    private final Hosts hosts;
    private final int host;
    private final Process process;
    private final Path capture;

    private LineTap(Hosts hosts, int host, Process process, Path capture) {
        this.hosts = hosts;
        this.host = host;
        this.process = process;
        this.capture = capture;
    }

    /** Begins to listen; needs two hosts. */
    static LineTap on(Hosts hosts, int host, Path folder) throws IOException {
        Assumptions.assumeTrue(
                Files.isExecutable(PROGRAM), "needs the program tcpdump; see docker/packages.txt");
        Path capture = folder.resolve("capture");
        Path log = folder.resolve("tcpdump.log");
        List<String> words =
                List.of(
                        "ip",
                        "netns",
                        "exec",
                        hosts.name(host),
                        PROGRAM.toString(),
                        "-i",
                        "eth0",
                        "-s",
                        "0",
                        "-B",
                        "32768",
                        "-U",
                        "-Z",
                        "root",
                        "-w",
                        capture.toString(),
                        "not",
                        "port",
                        "22");
        Process process =
                new ProcessBuilder(words)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        Awaitility.await("tcpdump listens")
                .atMost(TIMEOUT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> Files.readString(log).contains("listening on"));
        return new LineTap(hosts, host, process, capture);
    }

    /**
     * Ends, and gives all bytes that were heard, each as a letter. tcpdump forgets what it has not
     * yet read when it is told to end, so that it is told only when it has heard this side's last
     * packet.
     */
    String end() throws IOException, InterruptedException {
        String peer = Hosts.v4(host == 1 ? 2 : 1);
        String send = "printf '%s' >/dev/udp/%s/9".formatted(LAST, peer);
        assertThat(hosts.program(host, List.of("bash", "-c", send)).run(TIMEOUT).code()).isZero();
        Awaitility.await("tcpdump has heard all")
                .atMost(TIMEOUT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> heard().contains(LAST));
        Jhorovodrun.signal("INT", process.pid());
        assertThat(process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return heard();
    }

    private String heard() throws IOException {
        return Files.readString(capture, StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
