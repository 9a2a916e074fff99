package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.launcher.output.Console;
import org.jhorovod.launcher.plan.HostSlots;
import org.jhorovod.launcher.plan.SshOptions;
import org.jhorovod.launcher.report.ReportFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that fail and are started again, with real agents and ranks. */
@Timeout(90)
class RestartTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private Job job(int maxRestarts, String script) {
        return job(maxRestarts, script, Optional.empty());
    }

    private Job job(int maxRestarts, String script, Optional<ReportFile> report) {
        JobTimeouts timeouts =
                new JobTimeouts(
                        Duration.ofSeconds(20), Duration.ofSeconds(20), Duration.ofSeconds(5));
        JobSpec spec =
                new JobSpec(
                        List.of(
                                Topology.onOneHost(0, 2, "localhost"),
                                Topology.onOneHost(1, 2, "localhost")),
                        List.of("bash", "-c", script),
                        List.of(),
                        SshOptions.standard(),
                        Optional.empty(),
                        timeouts,
                        false);
        RestartRule rule =
                new RestartRule(maxRestarts, 2, 2, ImmutableList.of(new HostSlots("localhost", 2)));
        return new Job(
                spec, rule, new Console(out, err, false), InputStream.nullInputStream(), report);
    }

    private String printed() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void failedJob_isStartedAgain_andSaysWhatItTook() throws Exception {
        Job job =
                job(
                        3,
                        "echo generation $JHOROVOD_GENERATION; [ $JHOROVOD_GENERATION = 1 ] ||"
                                + " { [ $JHOROVOD_RANK = 0 ] || exit 4; }");

        assertThat(job.run()).isZero();

        assertThat(out.toString(StandardCharsets.UTF_8).lines())
                .filteredOn(line -> line.startsWith("[0]"))
                .containsExactly("[0]<stdout>:generation 0", "[0]<stdout>:generation 1");
        assertThat(printed())
                .contains("attempt 1 failed because of rank 1 on localhost")
                .contains("attempt 2 of 4 starts in 2 s, with 2 ranks on 1 host")
                .containsPattern(
                        "2 attempts:\n  1: 2 ranks on 1 host, failed after \\S+ s because of rank 1"
                                + " on localhost \\(pid \\d+\\), which exited with code 4\n"
                                + "  2: 2 ranks on 1 host, after a delay of 2 s, finished after");
    }

    @Test
    void report_isAboutTheLastAttempt_andNamesThoseBefore(@TempDir Path folder) throws Exception {
        Path page = folder.resolve("run.html");
        Job job =
                job(
                        1,
                        "[ $JHOROVOD_GENERATION = 1 ] || [ $JHOROVOD_RANK = 0 ] || exit 4",
                        Optional.of(ReportFile.prepare(page)));

        assertThat(job.run()).isZero();

        assertThat(Files.readString(page))
                .contains("All ranks finished after", "2 attempts:", "which exited with code 4")
                .doesNotContain("<tr class=\"bad\">");
    }

    @Test
    void reportThatCannotBeWritten_isTold_andChangesNoExitCode(@TempDir Path folder)
            throws Exception {
        Path page = folder.resolve("gone/run.html");
        ReportFile report = ReportFile.prepare(page);
        Files.delete(page.getParent());

        assertThat(job(0, "exit 0", Optional.of(report)).run()).isZero();

        assertThat(printed())
                .contains("the report " + page + " cannot be written")
                .contains("name a file in a folder that you may write to");
    }

    @Test
    void limit_endsTheJob_withTheCodeOfItsLastAttempt() throws Exception {
        assertThat(job(1, "exit $((5 + JHOROVOD_GENERATION))").run()).isEqualTo(6);

        assertThat(printed())
                .contains("the job is not started again: --max-restarts is 1")
                .contains("2 attempts:");
    }

    @Test
    void interruption_betweenTwoAttempts_startsNoOther() throws Exception {
        Job job = job(1, "exit 3");
        CompletableFuture<Integer> code =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return job.run();
                            } catch (Exception e) {
                                throw new IllegalStateException(e);
                            }
                        });
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> printed().contains("attempt 2 of 2 starts in 2 s"));
        job.interrupt(15);

        assertThat(code.get(30, TimeUnit.SECONDS)).isEqualTo(143);
        assertThat(printed()).contains("ended by SIGTERM between two attempts");
    }
}
