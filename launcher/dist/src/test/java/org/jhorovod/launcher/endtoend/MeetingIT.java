package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ranks that meet, part, and meet again; with a launcher and without. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MeetingIT {
    private static final long END_SECONDS = 60;

    @Test
    void ranksMayShutDownAndInitialiseAgain() throws Exception {
        Jhorovodrun.Result result = RankJava.of(3, MeetingProgram.class).run();
        assertThat(result.code()).as(result.err()).isZero();
        for (int rank = 0; rank < 3; rank++) {
            for (int time = 1; time <= 3; time++) {
                assertThat(result.out())
                        .contains("[%d]<stdout>:time %d size 3 sum 3".formatted(rank, time));
            }
        }
    }

    @Test
    void copiesThatDoNotMeet_areToldSo() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
        Jhorovodrun.Result copies = Jhorovodrun.of("-np", "2", java, "-version").run();
        assertThat(copies.code()).isZero();
        assertThat(copies.err()).contains("no rank of this job used JHorovod, so 2 copies");
        Jhorovodrun.Result shell = Jhorovodrun.of("-np", "2", "true").run();
        assertThat(shell.err()).isEmpty();
    }

    @Test
    void withoutALauncher_rankZeroHostsTheStore(@TempDir Path folder) throws Exception {
        Path secret = folder.resolve("secret");
        Files.writeString(secret, Secret.random().encoded());
        String rendezvous = "127.0.0.1:" + freePort();
        List<Process> ranks = new ArrayList<>();
        try {
            for (int rank = 0; rank < 2; rank++) {
                ranks.add(rank(rank, rendezvous, secret, folder.resolve("rank" + rank)).start());
            }
            for (int rank = 0; rank < 2; rank++) {
                assertThat(ranks.get(rank).waitFor(END_SECONDS, TimeUnit.SECONDS)).isTrue();
                String output = Files.readString(folder.resolve("rank" + rank));
                assertThat(ranks.get(rank).exitValue()).as(output).isZero();
                assertThat(output).contains("time 1 size 2 sum 1", "time 3 size 2 sum 1");
            }
        } finally {
            ranks.forEach(Process::destroyForcibly);
        }
    }

    /** As in a cluster, where a pod's name is known only some time after it has started. */
    @Test
    void ranks_waitForTheNameOfTheRendezvous(@TempDir Path folder) throws Exception {
        Path secret = folder.resolve("secret");
        Files.writeString(secret, Secret.random().encoded());
        Path names = Files.createFile(folder.resolve("hosts"));
        // Else Java remembers for 10 s that a name was unknown.
        Path security = folder.resolve("security");
        Files.writeString(security, "networkaddress.cache.negative.ttl=0\n");
        String rendezvous = "jhorovod-0.jhorovod:" + freePort();
        List<Process> ranks = new ArrayList<>();
        try {
            for (int rank = 0; rank < 2; rank++) {
                ProcessBuilder builder = rank(rank, rendezvous, secret, folder.resolve("r" + rank));
                builder.environment()
                        .put(
                                "JDK_JAVA_OPTIONS",
                                "-Djava.security.properties=%s -Djdk.net.hosts.file=%s"
                                        .formatted(security, names));
                ranks.add(builder.start());
            }
            for (int rank = 0; rank < 2; rank++) {
                Path output = folder.resolve("r" + rank);
                Awaitility.await()
                        .atMost(Duration.ofSeconds(END_SECONDS))
                        .untilAsserted(
                                () ->
                                        assertThat(output)
                                                .content()
                                                .contains("name 'jhorovod-0.jhorovod' of"));
            }
            Files.writeString(names, "127.0.0.1 jhorovod-0.jhorovod\n");
            for (int rank = 0; rank < 2; rank++) {
                assertThat(ranks.get(rank).waitFor(END_SECONDS, TimeUnit.SECONDS)).isTrue();
                String output = Files.readString(folder.resolve("r" + rank));
                assertThat(ranks.get(rank).exitValue()).as(output).isZero();
                assertThat(output).contains("time 1 size 2 sum 1");
            }
        } finally {
            ranks.forEach(Process::destroyForcibly);
        }
    }

    private static ProcessBuilder rank(int rank, String rendezvous, Path secret, Path output) {
        ProcessBuilder builder =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-Xmx64m",
                                "-cp",
                                "target/test-classes:" + Jhorovodrun.DISTRIBUTION + "/lib/*",
                                MeetingProgram.class.getName())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        builder.environment().put("JHOROVOD_RANK", String.valueOf(rank));
        builder.environment().put("JHOROVOD_SIZE", "2");
        builder.environment().put("JHOROVOD_RENDEZVOUS", rendezvous);
        builder.environment().put("JHOROVOD_SECRET_FILE", secret.toString());
        return builder;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
