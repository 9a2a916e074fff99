package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.launcher.output.Console;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Jobs with a real agent and real ranks; only the launcher's own process is this one. */
@Timeout(60)
class JobTest {
    private static final int SIGTERM = 15;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void job_isAsGoodAsItsRanks() throws Exception {
        assertThat(job("echo $JHOROVOD_RANK of $JHOROVOD_SIZE in $PLACE").run()).isZero();
        assertThat(printed(out).lines())
                .containsExactlyInAnyOrder(
                        "[0]<stdout>:0 of 2 in test", "[1]<stdout>:1 of 2 in test");
        assertThat(printed(err))
                .contains("rank 1 runs on here as pid")
                .contains("rank 0 exited with code 0");
    }

    @Test
    void job_failsAsItsRankDoes() throws Exception {
        assertThat(job("echo oh; [ $JHOROVOD_RANK = 0 ] || kill -9 $$").run()).isEqualTo(137);
        assertThat(printed(err))
                .contains("the job failed because of rank 1 on here")
                .contains("SIGKILL")
                .contains("| oh");
    }

    @Test
    void job_fails_whenItsProgramIsNotThere() throws Exception {
        JobSpec spec =
                new JobSpec(
                        List.of(Topology.onOneHost(0, 1, "here")),
                        List.of("/no/such/program"),
                        List.of(),
                        Duration.ofSeconds(5),
                        false);
        assertThat(new Job(spec, console(), InputStream.nullInputStream()).run()).isEqualTo(127);
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
    void input_goesToRankZero() throws Exception {
        byte[] input = "x".repeat(100_000).getBytes(StandardCharsets.US_ASCII);
        JobSpec spec = spec("wc -c");
        assertThat(new Job(spec, console(), new ByteArrayInputStream(input)).run()).isZero();
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
                        new Console(closed, err, false),
                        InputStream.nullInputStream());
        assertThat(job.run()).isEqualTo(141);
    }

    private void awaitBothUp() {
        awaitPrinted("[0]<stdout>:up");
        awaitPrinted("[1]<stdout>:up");
    }

    private void awaitPrinted(String text) {
        Awaitility.await(text)
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> printed(out).contains(text));
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
        return new Job(spec(script), console(), InputStream.nullInputStream());
    }

    private static JobSpec spec(String script) {
        return new JobSpec(
                List.of(Topology.onOneHost(0, 2, "here"), Topology.onOneHost(1, 2, "here")),
                List.of("bash", "-c", script),
                List.of(new EnvironmentChange("PLACE", "test")),
                Duration.ofSeconds(5),
                true);
    }

    private Console console() {
        return new Console(out, err, false);
    }

    private static String printed(ByteArrayOutputStream stream) {
        return stream.toString(StandardCharsets.UTF_8);
    }
}
