package org.jhorovod.djl.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class TimeLeftTest {
    private static final double PER_SECOND = 100;

    @Test
    void estimate_isUnknown_beforeTheFirstStep() {
        TimeLeft left = new TimeLeft(10);
        assertThat(left.estimate(0, PER_SECOND)).isEmpty();

        left.batch(0, 0.1);

        assertThat(left.estimate(0, PER_SECOND)).isEmpty();
        assertThat(left.shareOfEpoch()).hasValue(0);
    }

    @Test
    void estimate_inTheFirstEpoch_isByTheShareThatHasBeenTrained() {
        TimeLeft left = new TimeLeft(10);
        left.batch(0, 0.1);
        left.batch(200, 0.2); // a tenth of the epoch had 200 samples

        assertThat(left.estimate(0, PER_SECOND)).hasValue(Duration.ofSeconds(198));
        assertThat(left.estimate(0, 0)).isEmpty();
        assertThat(left.estimate(0, Double.NaN)).isEmpty();
    }

    @Test
    void estimate_later_isByTheSamplesOfTheLastEpoch_andItsPause() {
        TimeLeft left = new TimeLeft(3);
        left.batch(50, 0.5); // 50 are from an earlier use of the trainer
        left.batch(1050, 1);
        left.epochEnded(2050);
        left.paused(Duration.ofSeconds(7).toNanos());
        left.batch(2050, 0.25);
        left.batch(2550, 0.5);

        assertThat(left.shareOfEpoch()).hasValue(0.25);
        // 1.75 epochs of 2,000 samples, and validation after each of the two
        assertThat(left.estimate(1, PER_SECOND)).hasValue(Duration.ofSeconds(35 + 14));
    }

    @Test
    void estimate_ofDataWithoutASize_isKnownFromTheSecondEpochOn() {
        TimeLeft left = new TimeLeft(2);
        left.batch(0, Double.NaN);
        left.batch(100, Double.NaN);
        assertThat(left.estimate(0, PER_SECOND)).isEmpty();
        assertThat(left.shareOfEpoch()).isEmpty();
        left.epochEnded(400);
        left.batch(400, Double.NaN);
        left.batch(500, Double.NaN);

        assertThat(left.shareOfEpoch().orElseThrow()).isCloseTo(0.25, within(1e-9));
        assertThat(left.estimate(1, PER_SECOND)).hasValue(Duration.ofSeconds(3));
    }

    @Test
    void estimate_isZero_whenThereAreMoreEpochsThanAnnounced() {
        TimeLeft left = new TimeLeft(1);
        left.batch(0, 0.5);
        left.epochEnded(100);
        left.batch(100, 0.5);
        left.batch(150, 1);

        assertThat(left.estimate(1, PER_SECOND)).hasValue(Duration.ZERO);
    }

    @Test
    void estimate_ofAResumedEpoch_countsWhatWasTrainedBefore() {
        TimeLeft left = new TimeLeft(3);
        left.resumed(400);
        left.batch(0, 0.25);
        assertThat(left.estimate(1, PER_SECOND)).isEmpty();
        left.batch(150, 0.5); // a quarter of what was left has 150 samples, so 1,000 an epoch

        assertThat(left.shareOfEpoch()).hasValue(0.55);
        assertThat(left.estimate(1, PER_SECOND)).hasValue(Duration.ofMillis(14_500));

        left.epochEnded(600);
        left.batch(600, 0.5);
        left.batch(1100, 1);
        assertThat(left.shareOfEpoch()).hasValue(0.5);
        assertThat(left.estimate(2, PER_SECOND)).hasValue(Duration.ofSeconds(5));
    }
}
