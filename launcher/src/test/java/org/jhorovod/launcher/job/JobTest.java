package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.launcher.output.Console;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.jhorovod.launcher.plan.SshOptions;
import org.jhorovod.launcher.warmup.StandInDjl;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Jobs with a real agent and real ranks; only the launcher's own process is this one. */
@Timeout(60)
class JobTest {
    private static final int SIGTERM = 15;
    private static final JobTimeouts TIMEOUTS =
            new JobTimeouts(Duration.ofSeconds(20), Duration.ofSeconds(20), Duration.ofSeconds(5));

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void job_isAsGoodAsItsRanks() throws Exception {
        assertThat(job("echo $JHOROVOD_RANK of $JHOROVOD_SIZE in $PLACE").run()).isZero();
        assertThat(printed(out).lines())
                .containsExactlyInAnyOrder(
                        "[0]<stdout>:0 of 2 in test", "[1]<stdout>:1 of 2 in test");
        assertThat(printed(err))
                .contains("rank 1 runs on localhost as pid")
                .contains("rank 0 exited with code 0");
    }

    @Test
    void job_failsAsItsRankDoes() throws Exception {
        assertThat(job("echo oh; [ $JHOROVOD_RANK = 0 ] || kill -9 $$").run()).isEqualTo(137);
        assertThat(printed(err))
                .contains("the job failed because of rank 1 on localhost")
                .contains("SIGKILL")
                .contains("| oh");
    }

    @Test
    void job_fails_whenItsProgramIsNotThere() throws Exception {
        JobSpec spec =
                new JobSpec(
                        List.of(Topology.onOneHost(0, 1, "localhost")),
                        List.of("/no/such/program"),
                        List.of(),
                        SshOptions.standard(),
                        Optional.empty(),
                        TIMEOUTS,
                        false);
        assertThat(
                        new Job(spec, RestartRule.never(), console(), InputStream.nullInputStream())
                                .run())
                .isEqualTo(127);
        assertThat(printed(err)).contains("/no/such/program");
    }

    @Test
    void interruption_isSeenByTheRanks() throws Exception {
        Job job = job("trap 'echo bye; exit 3' TERM; echo up; sleep 600 & wait");
        CompletableFuture<Integer> code = inBackground(job);
        awaitBothUp();
        job.interrupt(SIGTERM);
        assertThat(code.get(30, TimeUnit.SECONDS)).isEqualTo(143);
        assertThat(printed(out)).contains("[0]<stdout>:bye", "[1]<stdout>:bye");
        assertThat(printed(err)).contains("ended by SIGTERM").doesNotContain("failed because");
    }

    @Test
    void secondInterruption_kills() throws Exception {
        Job job = job("trap 'echo asked' TERM; echo up; while true; do sleep 1; done");
        CompletableFuture<Integer> code = inBackground(job);
        awaitBothUp();
        job.interrupt(SIGTERM);
        awaitPrinted("[0]<stdout>:asked");
        job.interrupt(SIGTERM);
        assertThat(code.get(4, TimeUnit.SECONDS)).isEqualTo(143);
    }

    @Test
    void interruption_whileDjlsCacheIsWarmed_startsNoRank(@TempDir Path folder) throws Exception {
        Path warming = folder.resolve("warming");
        StandInDjl.create(
                folder,
                "Files.createFile(Path.of(\"%s\")); Thread.currentThread().join();"
                        .formatted(warming));
        Job job =
                new Job(
                        djlSpec(folder),
                        RestartRule.never(),
                        console(),
                        InputStream.nullInputStream());
        CompletableFuture<Integer> code = inBackground(job);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> Files.exists(warming));
        job.interrupt(SIGTERM);
        assertNothingStarted(code);
    }

    @Test
    void interruption_whileAnotherJobWarmsTheCache_startsNoRank(@TempDir Path folder)
            throws Exception {
        StandInDjl.create(folder, "");
        Path engine = Files.createDirectories(folder.resolve("cache/pytorch"));
        try (FileChannel channel =
                        FileChannel.open(
                                engine.resolve("jhorovod-warm-up.lock"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            assertThat(lock.isValid()).isTrue();
            Job job =
                    new Job(
                            djlSpec(folder),
                            RestartRule.never(),
                            console(),
                            InputStream.nullInputStream());
            CompletableFuture<Integer> code = inBackground(job);
            awaitPrinted(err, "starts 2 ranks");
            job.interrupt(SIGTERM);
            assertNothingStarted(code);
        }
    }

    private void assertNothingStarted(CompletableFuture<Integer> code) throws Exception {
        // Less than the time that ranks would have to obey.
        assertThat(code.get(4, TimeUnit.SECONDS)).isEqualTo(143);
        assertThat(printed(err))
                .contains("rank 0 was not started", "rank 1 was not started", "ended by SIGTERM")
                .doesNotContain("as pid", "start anyway", "failed because");
    }

    @Test
    void input_goesToRankZero() throws Exception {
        byte[] input = "x".repeat(100_000).getBytes(StandardCharsets.US_ASCII);
        JobSpec spec = spec("wc -c");
        assertThat(
                        new Job(
                                        spec,
                                        RestartRule.never(),
                                        console(),
                                        new ByteArrayInputStream(input))
                                .run())
                .isZero();
        assertThat(printed(out).lines())
                .containsExactlyInAnyOrder("[0]<stdout>:100000", "[1]<stdout>:0");
    }

    @Test
    void unreadableConsole_endsTheJob() throws Exception {
        OutputStream closed =
                new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        throw new IOException("Broken pipe");
                    }
                };
        Job job =
                new Job(
                        spec("echo up; exec sleep 600"),
                        RestartRule.never(),
                        new Console(closed, err, false),
                        InputStream.nullInputStream());
        assertThat(job.run()).isEqualTo(141);
    }

    private void awaitBothUp() {
        awaitPrinted("[0]<stdout>:up");
        awaitPrinted("[1]<stdout>:up");
    }

    private void awaitPrinted(String text) {
        awaitPrinted(out, text);
    }

    private static void awaitPrinted(ByteArrayOutputStream stream, String text) {
        Awaitility.await(text)
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> printed(stream).contains(text));
    }

    private static CompletableFuture<Integer> inBackground(Job job) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return job.run();
                    } catch (IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
    }

    private Job job(String script) {
        return new Job(spec(script), RestartRule.never(), console(), InputStream.nullInputStream());
    }

    private static JobSpec spec(String script) {
        return spec(List.of("bash", "-c", script), List.of(new EnvironmentChange("PLACE", "test")));
    }

    /** A program that needs DJL's cache, whose folder is in this one. */
    private static JobSpec djlSpec(Path folder) {
        String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
        return spec(
                List.of(java, "-cp", folder.toString(), "Main"),
                List.of(
                        new EnvironmentChange("ENGINE_CACHE_DIR", null),
                        new EnvironmentChange(
                                "DJL_CACHE_DIR", folder.resolve("cache").toString())));
    }

    private static JobSpec spec(List<String> command, List<EnvironmentChange> environment) {
        return new JobSpec(
                List.of(
                        Topology.onOneHost(0, 2, "localhost"),
                        Topology.onOneHost(1, 2, "localhost")),
                command,
                environment,
                SshOptions.standard(),
                Optional.empty(),
                TIMEOUTS,
                true);
    }

    private Console console() {
        return new Console(out, err, false);
    }

    private static String printed(ByteArrayOutputStream stream) {
        return stream.toString(StandardCharsets.UTF_8);
    }
}
