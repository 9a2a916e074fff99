package org.jhorovod.allreduce.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RankClockTest {
    private static final long SECOND = 1_000_000_000;

    @Test
    void offset_isThatOfTheRoundTripWithTheLeastDelay() {
        RankClock clock =
                RankClock.measured(
                        List.of(
                                new RoundTrip(0, 9_000, 10_000),
                                new RoundTrip(20_000, 25_010, 20_020),
                                new RoundTrip(30_000, 30_000, 50_000)));

        assertThat(clock.onRank0(1_000_000)).isEqualTo(1_005_000);
    }

    @Test
    void offset_ofASymmetricTrip_isExact_andNegativeToo() {
        assertThat(new RoundTrip(1_000, 550, 1_100).offsetNanos()).isEqualTo(-500);
    }

    @Test
    void newOffset_isReachedLittleByLittle_andChangesNothingBefore() {
        RankClock first = RankClock.measured(List.of(new RoundTrip(0, 1_000, 0)));
        RankClock later = first.measuredAgain(List.of(new RoundTrip(0, 5_000, 0)), SECOND);

        assertThat(later.onRank0(SECOND)).isEqualTo(SECOND + 1_000);
        assertThat(later.onRank0(SECOND + SECOND / 2)).isEqualTo(SECOND + SECOND / 2 + 3_000);
        assertThat(later.onRank0(3 * SECOND)).isEqualTo(3 * SECOND + 5_000);
    }

    @Test
    void laterTimes_areNeverEarlierOnRank0_whateverIsMeasured() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        RankClock clock = RankClock.measured(List.of(new RoundTrip(0, 0, 0)));
        for (int i = 1; i < 20; i++) {
            long answered = random.nextLong(-10 * SECOND, 10 * SECOND);
            clock = clock.measuredAgain(List.of(new RoundTrip(0, answered, 0)), i * SECOND);
        }
        long before = Long.MIN_VALUE;
        for (long time = 0; time < 60 * SECOND; time += SECOND / 100) {
            long now = clock.onRank0(time);
            assertThat(now).as("seed %d, time %d", seed, time).isGreaterThan(before);
            before = now;
        }
    }
}
