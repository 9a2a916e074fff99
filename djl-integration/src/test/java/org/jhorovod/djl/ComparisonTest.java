package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jhorovod.djl.ParameterCheck.Difference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ComparisonTest {

    @Test
    void models_firstDifferenceNamesBothRanksAndBothValues() {
        List<List<String>> ranks =
                List.of(List.of("a", "b", "c"), List.of("a", "b", "c"), List.of("a", "x", "y"));

        assertThat(ModelAgreement.firstDifference(ranks))
                .hasValue("The ranks' models differ: rank 0 has b, rank 2 has x");
    }

    @Test
    void models_aMissingLineIsADifference() {
        assertThat(ModelAgreement.firstDifference(List.of(List.of("a"), List.of("a", "b"))))
                .hasValue("The ranks' models differ: rank 0 has nothing more, rank 1 has b");
        assertThat(ModelAgreement.firstDifference(List.of(List.of("a"), List.of("a")))).isEmpty();
    }

    @Test
    void parameters_theMinorityIsNamed() {
        assertThat(ParameterCheck.firstDifference(new long[][] {{1, 9}, {1, 2}, {1, 2}}))
                .hasValue(new Difference(1, 0));
        assertThat(ParameterCheck.firstDifference(new long[][] {{1, 2}, {1, 2}, {1, 3}}))
                .hasValue(new Difference(1, 2));
    }

    @Test
    void parameters_ofTwoRanks_rankZeroIsTakenToBeRight() {
        assertThat(ParameterCheck.firstDifference(new long[][] {{1, 2}, {5, 2}}))
                .hasValue(new Difference(0, 1));
        assertThat(ParameterCheck.firstDifference(new long[][] {{1, 2}, {1, 2}})).isEmpty();
    }

    @Test
    void statistics_countStepsFromTheirFirstForwardPass_andLeaveOutTheFirstAndTheJoined() {
        StepClock clock = new StepClock();
        clock.forward(0);
        clock.stepEnded(1_000, 10, 5, 900);
        clock.forward(1_500);
        clock.forward(1_600);
        clock.stepEnded(2_000, 10, 5, 100);
        clock.forward(2_500);
        clock.stepEnded(3_000, 5, 5, 300);
        clock.stepEnded(4_000, 5, 5, 1_000);

        assertThat(clock.statistics()).isEqualTo(new StepStatistics(4, 30, 0.4));
        assertThat(new StepClock().statistics()).isEqualTo(new StepStatistics(0, 0, 0));
    }
}
