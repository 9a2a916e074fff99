package org.jhorovod.launcher.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class LimitTest {
    private static Limit limit(Run... ranks) {
        return Limit.of(new Figures(Run.summary(ranks)));
    }

    @Test
    void waitingForOneRank_namesIt_andByHowMuchItIsSlower() {
        Limit limit =
                limit(
                        Run.steps().waited(0.4).peers(0.9).late(0),
                        Run.steps().waited(0.1).peers(0.1).late(0.3));
        assertThat(limit.sentence())
                .isEqualTo(
                        "Rank 1 on host1 limited this run: without its delays it would have taken"
                                + " up to 30 % less time.");
        assertThat(limit.advice()).contains("1.5 times as long on a step");
    }

    @Test
    void aRankThatWasOnlyStartedLate_isNotNamed() {
        Limit limit =
                limit(
                        Run.steps().waited(0.1).peers(0.1).late(0.3),
                        Run.steps().waited(0.4).peers(0.9).lateStart(7_000_000));
        assertThat(limit.sentence()).startsWith("Rank 0 on host0 limited this run");
    }

    @Test
    void waitingByTurns_namesNobody() {
        Limit limit =
                limit(
                        Run.steps().waited(0.3).peers(0.9).late(0.15),
                        Run.steps().waited(0.3).peers(0.9).late(0.15));
        assertThat(limit.sentence()).startsWith("Waiting for each other limited this run: 27 %");
    }

    @Test
    void bytesOnTheirWay_areCommunication() {
        Limit limit = limit(Run.steps().waited(0.5).peers(0.1), Run.steps().waited(0.5).peers(0.1));
        assertThat(limit.sentence()).startsWith("Communication limited this run: 45 %");
        assertThat(limit.advice()).contains("JHOROVOD_COMMUNICATION_BUDGET");
    }

    @Test
    void timeBetweenSteps_isNamed_whereItIsMost() {
        assertThat(limit(Run.steps().stepShare(0.3)).sentence())
                .isEqualTo("Work outside of training steps limited this run: 70 % of the time.");
    }

    @Test
    void otherwise_itIsComputing() {
        assertThat(limit(Run.steps().waited(0.05), Run.steps().waited(0.05)).sentence())
                .startsWith("Computing limited this run, as it should: 95 %");
    }

    @Test
    void withoutSteps_collectivesAreAllThatIsKnown() {
        assertThat(limit(Run.collectives(0.1)).sentence())
                .startsWith("The program's own work limited this run: collectives took 10 %");
        assertThat(limit(Run.collectives(0.6)).sentence()).startsWith("Communication limited");
    }

    @Test
    void slowest_isNobody_forARankAlone_orWithoutLateness() {
        assertThat(new Figures(Run.summary(Run.steps())).slowest()).isEmpty();
        assertThat(new Figures(Run.summary(Run.steps(), Run.steps())).slowest()).isEmpty();
    }

    @Test
    void throughput_isOverTheTimeFromFirstStepToLast_ofAllRanks() {
        Figures figures = new Figures(Run.summary(Run.steps(), Run.steps()));
        assertThat(figures.throughput(0)).isEqualTo(320.0); // 10 steps of 32 samples a second
        assertThat(figures.throughput()).isEqualTo(640.0);
        assertThat(figures.beforeMicros()).isEqualTo(2_000_000.0);
        assertThat(List.of(figures.firstWindow(), figures.endWindow())).containsExactly(2, 10);
    }
}
