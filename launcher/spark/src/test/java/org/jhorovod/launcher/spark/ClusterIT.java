package org.jhorovod.launcher.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * One application on a cluster of two executors, from its first job to its end; the tests read what
 * it said. While it trains, the executor of rank 0 is killed in the middle of an epoch.
 */
@Timeout(420)
class ClusterIT {
    private static final Duration PATIENCE = Duration.ofSeconds(200);
    private static final int EPOCHS = 3;

    private static Path folder;
    private static SparkApplication application;
    private static String output;
    private static boolean hasEndedByItself;

    @BeforeAll
    static void runApplication() throws Exception {
        folder = Files.createTempDirectory(Path.of("target"), "cluster-").toAbsolutePath();
        application =
                SparkApplication.start(folder, ClusterProgram.class.getName(), folder.toString());
        await().atMost(PATIENCE)
                .until(() -> SampleRecord.isVictimReady(folder) || !application.isAlive());
        if (SampleRecord.isVictimReady(folder)) {
            ProcessHandle.of(SampleRecord.victim(folder)).ifPresent(ProcessHandle::destroyForcibly);
        }
        hasEndedByItself = application.hasEndedWithin(PATIENCE.toSeconds());
        output = application.output();
    }

    @AfterAll
    static void end() throws IOException {
        application.close();
    }

    @Test
    void application_exitsByItself() {
        assertThat(hasEndedByItself).as(output).isTrue();
        assertThat(application.exitCode()).as(output).isZero();
    }

    @Test
    void ranks_areTasks_thatKnowTheirHost_andReduceTogether() {
        String numbers = "localRank=%d, localSize=2, crossRank=0, crossSize=1";
        assertThat(lines("ring: (.*)")).as(output).hasSize(2);
        for (int rank = 0; rank < 2; rank++) {
            assertThat(lines("ring: (.*)").get(rank))
                    .startsWith("Topology[rank=%d, size=2, ".formatted(rank))
                    .contains(numbers.formatted(rank))
                    .contains(" 3 true ");
        }
        assertThat(lines("ring: .* (\\d+)")).as("processes").doesNotHaveDuplicates();
    }

    @Test
    void rankThatThrows_isNamedAsTheFirst_withItsHostAndReason() {
        assertThat(lines("failure: (.*)"))
                .as(output)
                .singleElement()
                .asString()
                .startsWith("1 127.0.0.1 ")
                .contains("rank 1 on 127.0.0.1 (executor ", "no such file failed first");
    }

    @Test
    void executorThatIsKilled_isNamed_andTheJobIsBegunAnew() {
        assertThat(lines("BarrierJob: The job failed: (.*)"))
                .as(output)
                .singleElement()
                .asString()
                .startsWith("rank 0 on 127.0.0.1 (executor ")
                .contains("ExecutorLostFailure", "begun anew, for time 1 of 1 at most");
    }

    @Test
    void allRanks_endWithTheSameParameters_whichPlainDjlLoads() {
        List<String> digests = lines("trained: .*samples=6000,.*parameterSha256=(\\w+)]");
        assertThat(digests).as(output).hasSize(2);
        assertThat(digests).containsOnly(digests.get(0));
        assertThat(lines("loaded: (.*)")).containsExactly(digests.get(0));
    }

    @Test
    void scoredDataFrame_hasAnAccuracyOfAtLeast80Percent() {
        assertThat(lines("columns: (.*)"))
                .as(output)
                .containsExactly("[pixels, label, output, prediction]");
        assertThat(Double.parseDouble(lines("accuracy: (.*)").get(0))).isBetween(0.80, 1.0);
    }

    @Test
    void eachRow_isUsedOnceAnEpoch_overBothAttempts() throws IOException {
        List<SampleRecord.Step> steps = SampleRecord.read(folder);
        long firstOfSecond =
                steps.stream()
                        .filter(step -> step.attempt() == 1)
                        .mapToLong(SampleRecord.Step::step)
                        .min()
                        .orElseThrow(() -> new AssertionError(output));
        assertThat(firstOfSecond).isBetween(190L, SampleRecord.FATAL_STEP);
        List<Long> all = LongStream.range(0, FashionRows.TRAINING_COUNT).boxed().toList();
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            int current = epoch;
            List<Long> used =
                    steps.stream()
                            .filter(step -> step.epoch() == current)
                            // What came after the checkpoint is done again.
                            .filter(step -> step.attempt() == 1 || step.step() < firstOfSecond)
                            .flatMap(step -> step.rows().stream())
                            .sorted()
                            .toList();
            assertThat(used).as("epoch %d", epoch).isEqualTo(all);
        }
    }

    /** The first group of each match. */
    private static List<String> lines(String pattern) {
        return Pattern.compile(pattern).matcher(output).results().map(ClusterIT::group).toList();
    }

    private static String group(MatchResult match) {
        return match.group(1);
    }
}
