package org.jhorovod.djl.listener;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class PaceTest {
    private static final long SECOND = 1_000_000_000L;

    private final Pace pace = new Pace();
    private long now = 77;
    private long samples;

    /** A batch that comes after so long, once so many samples more have been trained on. */
    private void batchAfter(double seconds, long more) {
        now += Math.round(seconds * SECOND);
        samples += more;
        pace.batch(now, samples);
    }

    @Test
    void speed_isUnknown_untilTheSecondStepAfterTheStart() {
        assertThat(pace.samplesPerSecond()).isEmpty();
        batchAfter(30, 0);
        assertThat(pace.samplesPerSecond()).isEmpty();
        batchAfter(20, 64); // the first step, which waits for all ranks to start
        assertThat(pace.samplesPerSecond()).isEmpty();
        batchAfter(0.5, 64);
        assertThat(pace.samplesPerSecond()).hasValue(128);
    }

    @Test
    void speed_isThatOfTheLastMinute() {
        batchAfter(0, 0);
        batchAfter(1, 10);
        for (int i = 0; i < 600; i++) {
            batchAfter(0.5, 10);
        }
        assertThat(pace.samplesPerSecond()).hasValue(20);
        for (int i = 0; i < 61; i++) {
            batchAfter(1, 40);
        }
        assertThat(pace.samplesPerSecond()).hasValue(40);
        assertThat(pace.measuredNanos()).isEqualTo(361 * SECOND);
    }

    @Test
    void speed_takesInASlowStep_withoutBelievingInIt() {
        batchAfter(0, 0);
        batchAfter(1, 100);
        for (int i = 0; i < 120; i++) {
            batchAfter(i == 100 ? 5.5 : 0.5, 100);
        }
        assertThat(pace.samplesPerSecond().orElseThrow()).isBetween(180.0, 200.0);
    }

    @Test
    void time_betweenEpochsDoesNotCount_norDoTheSamplesOfTheLastStepBefore() {
        batchAfter(0, 0);
        batchAfter(1, 8);
        batchAfter(1, 8);
        pace.pause();
        batchAfter(500, 8);
        batchAfter(1, 8);

        assertThat(pace.latest()).isEqualTo(new Pace.Mark(2 * SECOND, 16));
        assertThat(pace.samplesPerSecond()).hasValue(8);
    }

    @Test
    void speed_isUnknown_whereNoTimePassed() {
        assertThat(pace.latest().samplesPerSecondSince(pace.latest())).isEmpty();
    }
}
