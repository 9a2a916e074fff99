package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs that no launcher starts, and that no environment variable tells anything. */
@Timeout(60)
class MembershipIT {
    private static final int SIZE = 2;

    @Test
    void programsThatJoinByThemselves_reduceTogether_andExit() throws Exception {
        Secret secret = Secret.random();
        InetSocketAddress here = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        List<Process> ranks = new ArrayList<>();
        try (StoreServer store = StoreServer.open(here, secret, Duration.ofSeconds(5))) {
            for (int rank = 0; rank < SIZE; rank++) {
                ranks.add(start(rank, store.port(), secret));
            }
            for (Process rank : ranks) {
                String output =
                        new String(rank.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertThat(output).contains("sum 3");
                assertThat(rank.waitFor(20, TimeUnit.SECONDS)).isTrue();
                assertThat(rank.exitValue()).isZero();
            }
        } finally {
            ranks.forEach(Process::destroyForcibly);
        }
    }

    private static Process start(int rank, int port, Secret secret) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx128m",
                                "-cp",
                                System.getProperty("java.class.path"),
                                MembershipProgram.class.getName(),
                                String.valueOf(rank),
                                String.valueOf(SIZE),
                                String.valueOf(port))
                        .redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("JHOROVOD_"));
        Process process = builder.start();
        process.getOutputStream()
                .write((secret.encoded() + "\n").getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().flush();
        return process;
    }
}
