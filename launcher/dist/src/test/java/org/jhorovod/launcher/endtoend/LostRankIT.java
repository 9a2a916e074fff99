package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A rank that dies or stops, wherever it is: survivors and launcher name it, and nothing is left.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class LostRankIT {
    private static final boolean IS_LONG = Boolean.getBoolean("jhorovod.test.long");
    private static final Pattern TOLD = Pattern.compile("told after (\\d+) ms");
    private static final Pattern PLACE = Pattern.compile("at \\w+ pid=(\\d+)\\.");

    private static Jhorovodrun.Builder withShortTimeouts(Jhorovodrun.Builder run) {
        return run.with("JHOROVOD_LIVENESS_TIMEOUT_SECONDS", "3")
                .with("JHOROVOD_START_TIMEOUT_SECONDS", "8");
    }

    /** The whole table with {@code -Plong}; otherwise a sample with each value in it. */
    static Stream<Arguments> losses() {
        List<Arguments> sample =
                List.of(
                        Arguments.of("KILL", "start", "unix"),
                        Arguments.of("STOP", "published", "tcp"),
                        Arguments.of("KILL", "collective", "shm"),
                        Arguments.of("STOP", "between", "shm"));
        List<Arguments> rest =
                List.of(
                        Arguments.of("KILL", "start", "shm"),
                        Arguments.of("STOP", "start", "unix"),
                        Arguments.of("KILL", "collective", "unix"),
                        Arguments.of("KILL", "collective", "tcp"),
                        Arguments.of("STOP", "collective", "shm"),
                        Arguments.of("STOP", "collective", "unix"),
                        Arguments.of("STOP", "collective", "tcp"),
                        Arguments.of("KILL", "between", "unix"),
                        Arguments.of("STOP", "between", "tcp"));
        return IS_LONG ? Stream.concat(sample.stream(), rest.stream()) : sample.stream();
    }

    @ParameterizedTest(name = "{0} {1}, transport {2}")
    @MethodSource("losses")
    void aRankThatIsKilledOrStopped_isTheRootCause(String signal, String where, String transport)
            throws Exception {
        Jhorovodrun.Builder run = RankJava.of(3, CollectiveProgram.class, where);
        endRank1AndCheck(run.with("JHOROVOD_TRANSPORT", transport), signal);
    }

    static List<String> lossesDuringEvaluation() {
        return IS_LONG ? List.of("KILL", "STOP") : List.of("KILL");
    }

    @ParameterizedTest(name = "{0} during evaluation")
    @MethodSource("lossesDuringEvaluation")
    void aRankThatIsLostDuringEvaluation_isTheRootCause(String signal) throws Exception {
        endRank1AndCheck(RankJava.of(2, EvaluationProgram.class), signal);
    }

    private static void endRank1AndCheck(Jhorovodrun.Builder builder, String signal)
            throws Exception {
        try (Jhorovodrun run = withShortTimeouts(builder).start()) {
            run.awaitOut("pid=");
            Matcher place = PLACE.matcher(run.out());
            assertThat(place.find()).as(run.out()).isTrue();
            long pid = Long.parseLong(place.group(1));
            Jhorovodrun.signal(signal, pid);
            Jhorovodrun.Result result = run.await();
            assertThat(result.code()).as(result.err()).isEqualTo(137);
            assertThat(result.err())
                    .contains("the job failed because of rank 1 on")
                    .contains("(pid " + pid + ")")
                    .contains("Survivors were told:")
                    .containsPattern("\\[0]<stderr>:.*(PeerLost|Start)Exception: .*[Rr]ank 1 ");
        }
    }

    @Test
    void aMismatch_isToldToAllRanksWithin3Seconds_andEndsTheJob() throws Exception {
        Jhorovodrun.Builder builder = RankJava.of(3, CollectiveProgram.class, "mismatch");
        Jhorovodrun.Result result = withShortTimeouts(builder).run();
        assertThat(result.code()).isEqualTo(1);
        for (int rank = 0; rank < 3; rank++) {
            assertThat(result.err())
                    .containsPattern(
                            "\\[%d]<stderr>:.*MismatchException: .*FLOAT32\\[[57]].*FLOAT32\\[[57]]"
                                    .formatted(rank));
        }
        List<Long> delays =
                TOLD.matcher(result.out()).results().map(m -> Long.valueOf(m.group(1))).toList();
        assertThat(delays).as("milliseconds").hasSize(3).allMatch(delay -> delay < 3000);
    }
}
