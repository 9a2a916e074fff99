package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a rank of a job does not call though the others do, and why. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class StallIT {
    private static final Pattern RANK_1 = Pattern.compile("\\[1]<stdout>:in step pid=(\\d+)\\.");

    @Test
    void case33_aRankThatSleepsInItsDataLoader_isReportedWithThatFrame_andTheJobEnds()
            throws Exception {
        Jhorovodrun.Result result =
                RankJava.of(4, StallProgram.class, "loader")
                        .with("JHOROVOD_STALL_WARNING_SECONDS", "1")
                        .with("JHOROVOD_OPERATION_TIMEOUT_SECONDS", "4")
                        .run();

        assertThat(result.code()).as(result.err()).isNotZero();
        assertThat(result.err())
                .containsPattern("WARN.*'gradient'")
                .contains("for rank 2; ranks 0, 1, 3 submitted it")
                .contains("StallProgram$SlowLoader.nextBatch")
                .contains("OperationTimeoutException")
                .contains("the job failed because of rank 2 on");
    }

    @Test
    void case33_aTrainingRankThatSleepsInItsDataLoader_isReportedWithThatFrame_andTheJobEnds()
            throws Exception {
        Jhorovodrun.Result result =
                RankJava.of(3, TrainingStallProgram.class)
                        .with("JHOROVOD_STALL_WARNING_SECONDS", "1")
                        .with("JHOROVOD_OPERATION_TIMEOUT_SECONDS", "6")
                        .run();

        assertThat(result.code()).as(result.err()).isNotZero();
        assertThat(result.err())
                .containsPattern("WARN.*Stalled: rank [02] on .* waits since .*, for rank 1\\.")
                .containsPattern("Rank 1 on .*: last it called operation .*; its thread 'main'")
                .containsPattern(
                        "(?s)the job failed because of rank 1 on.*SlowImages.readFromSlowDisk")
                .containsPattern(
                        "(?s)OperationTimeoutException: Rank [02] .* waited 6.0 s .*"
                                + "missing: Rank 1.*SlowImages.readFromSlowDisk");
        // Both of those that wait tell it where a busy machine lets nobody answer in time.
        assertThat(result.err().lines().filter(line -> line.contains("Stalled: ")))
                .hasSizeBetween(1, 3);
    }

    @Test
    void aRankThatIsStopped_isSaidNotToAnswer_notToLackATensor() throws Exception {
        try (Jhorovodrun run =
                RankJava.of(4, StallProgram.class, "none")
                        .with("JHOROVOD_STALL_WARNING_SECONDS", "1")
                        .with("JHOROVOD_LIVENESS_TIMEOUT_SECONDS", "3")
                        .start()) {
            run.awaitOut("[1]<stdout>:in step pid=");
            Matcher place = RANK_1.matcher(run.out());
            assertThat(place.find()).as(run.out()).isTrue();
            long stoppedNanos = System.nanoTime();
            Jhorovodrun.signal("STOP", Long.parseLong(place.group(1)));

            Jhorovodrun.Result result = run.await();

            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - stoppedNanos);
            assertThat(seconds).as(result.err()).isLessThan(30);
            assertThat(result.code()).as(result.err()).isEqualTo(137);
            assertThat(result.err())
                    .contains("the job failed because of rank 1 on")
                    .containsPattern("PeerLostException: .*[Rr]ank 1 .*(heartbeat|silent)")
                    .doesNotContain("OperationTimeoutException");
        }
    }
}
