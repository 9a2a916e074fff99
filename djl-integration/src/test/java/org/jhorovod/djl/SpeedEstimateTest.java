package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SpeedEstimateTest {
    /** What counts for rank 1 after these measurements, of which the last are the newest. */
    private static double counts(double... ofRank1) {
        SpeedEstimate estimate = SpeedEstimate.none(2);
        for (double measured : ofRank1) {
            estimate = estimate.with(List.of(10.0, measured));
        }
        return estimate.times().orElseThrow().nanos().get(1);
    }

    @Test
    void times_areKnownOnceAllRanksHaveBeenMeasured() {
        SpeedEstimate estimate = SpeedEstimate.none(2).with(List.of(10.0, 0.0));
        assertThat(estimate.times()).isEmpty();

        estimate = estimate.with(List.of(0.0, 30.0));
        assertThat(estimate.times()).contains(new SampleTimes(List.of(10.0, 30.0)));
    }

    @Test
    void aMeasurementWithoutSamples_changesNothing() {
        assertThat(counts(30, 0, 0, 0, 0)).isEqualTo(30);
    }

    @Test
    void aRank_thatStallsOnce_isNotTakenToBeSlow() {
        assertThat(counts(10, 500)).isEqualTo(10);
        assertThat(counts(10, 11, 500)).isEqualTo(11);
        assertThat(counts(10, 11, 500, 12)).isEqualTo(12);
        assertThat(counts(10, 11, 500, 12, 13)).isEqualTo(13);
    }

    @Test
    void aRank_isTakenToBeSlow_whenItHasBeenSoTwice() {
        assertThat(counts(10, 10, 10, 30)).isEqualTo(10);
        assertThat(counts(10, 10, 10, 30, 31)).isEqualTo(30);
    }

    @Test
    void aSlowStart_isForgottenAtTheSecondMeasurement() {
        assertThat(counts(90, 30)).isEqualTo(30);
        assertThat(counts(90, 30, 30)).isEqualTo(30);
    }
}
