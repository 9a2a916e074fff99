package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class FailureReportTest {

    @Test
    void report_holdsAllThatIsKnown() {
        List<RankExit> exits =
                List.of(
                        new RankExit(1, 137, false),
                        new RankExit(2, 1, false),
                        new RankExit(0, 1, false),
                        new RankExit(3, 143, true));
        Map<Integer, LostReport> reports =
                Map.of(0, new LostReport(1, "gone\nrestart"), 2, new LostReport(1, "gone"));
        RootCause cause = RootCause.decide(exits, reports).orElseThrow();

        assertThat(
                        FailureReport.of(
                                new FailureReport.Culprit(
                                        cause, "node7", Optional.of(4711L), List.of("a", "b")),
                                exits,
                                reports))
                .isEqualTo(
                        """
                        because of rank 1 on node7 (pid 4711), which was ended by SIGKILL (exit code 137).
                          Survivors were told: gone
                            restart
                          Its last lines:
                          | a
                          | b
                          Other ranks: 0, 2 exited with code 1 after losing rank 1; 3 ended by jhorovodrun\
                        """);
    }

    @Test
    void report_saysWhenTheRankWasNeededAfterItsEnd() {
        List<RankExit> exits = List.of(new RankExit(1, 0, false), new RankExit(0, 1, false));
        Map<Integer, LostReport> reports = Map.of(0, new LostReport(1, "gone"));
        RootCause cause = RootCause.decide(exits, reports).orElseThrow();
        assertThat(
                        FailureReport.of(
                                new FailureReport.Culprit(
                                        cause, "node7", Optional.empty(), List.of()),
                                exits,
                                reports))
                .contains("rank 1 on node7, which exited with code 0 while others still needed it.")
                .contains("It printed nothing.");
    }

    @Test
    void lostHost_isTheCause_notThoseThatMissItsRanks() {
        List<RankExit> exits =
                List.of(
                        new RankExit(0, 1, false),
                        RankExit.lost(2, false),
                        RankExit.lost(1, false),
                        new RankExit(3, 143, true));
        Map<Integer, LostReport> reports = Map.of(0, new LostReport(1, "silent"));
        RootCause cause = RootCause.decide(exits, reports).orElseThrow();
        assertThat(cause.exitCode()).isEqualTo(1);
        assertThat(
                        FailureReport.ofHost(
                                "the agent on node7", "no route", exits, reports, Set.of(1, 2)))
                .isEqualTo(
                        """
                        because the agent on node7 is lost: no route.
                          With it went ranks 1, 2.
                          Survivors were told: silent
                          Other ranks: 0 exited with code 1 after losing rank 1; 3 ended by jhorovodrun\
                        """);
    }

    @Test
    void rankThatFailedBefore_isTheCause_notTheHostThatIsLostLater() {
        List<RankExit> exits = List.of(new RankExit(0, 3, false), RankExit.lost(1, false));
        RootCause cause = RootCause.decide(exits, Map.of()).orElseThrow();
        assertThat(
                        FailureReport.of(
                                new FailureReport.Culprit(
                                        cause, "node1", Optional.empty(), List.of()),
                                exits,
                                Map.of()))
                .contains("because of rank 0", "1 lost with the agent of their host");
    }

    @ParameterizedTest
    @CsvSource({
        "0, exited with code 0",
        "3, exited with code 3",
        "128, exited with code 128",
        "129, was ended by SIGHUP (exit code 129)",
        "134, was ended by SIGABRT (exit code 134)",
        "139, was ended by SIGSEGV (exit code 139)",
        "143, was ended by SIGTERM (exit code 143)",
        "159, was ended by SIGSYS (exit code 159)",
        "255, exited with code 255"
    })
    void exitCode_inWords(int code, String words) {
        assertThat(ExitCode.describe(code)).isEqualTo(words);
    }
}
