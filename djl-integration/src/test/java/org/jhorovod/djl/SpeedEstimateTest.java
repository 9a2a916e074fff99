package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SpeedEstimateTest {
    private static List<Double> smoothed(double... ofRank1) {
        SpeedEstimate estimate = SpeedEstimate.none(2);
        for (double measured : ofRank1) {
            estimate = estimate.with(List.of(10.0, measured));
        }
        return estimate.smoothed();
    }

    @Test
    void times_areKnownOnceAllRanksHaveBeenMeasured() {
        SpeedEstimate estimate = SpeedEstimate.none(2).with(List.of(10.0, 0.0));
        assertThat(estimate.times()).isEmpty();

        estimate = estimate.with(List.of(0.0, 30.0));
        assertThat(estimate.times()).contains(new SampleTimes(List.of(10.0, 30.0)));
    }

    @Test
    void aRank_thatStallsOnce_isNotTakenToBeSlow() {
        assertThat(smoothed(10, 500, 10)).containsExactly(10.0, 10.0);
    }

    @Test
    void aRank_isTakenToBeSlow_whenItHasBeenSoTwice() {
        assertThat(smoothed(10, 30, 30)).containsExactly(10.0, 20.0);
        assertThat(smoothed(10, 30, 30, 30)).containsExactly(10.0, 25.0);
    }

    @Test
    void aRank_isTakenToBeFastAgain_atOnce() {
        assertThat(smoothed(30, 10)).containsExactly(10.0, 20.0);
    }
}
