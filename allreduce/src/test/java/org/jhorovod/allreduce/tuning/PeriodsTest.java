package org.jhorovod.allreduce.tuning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PeriodsTest {
    private static final long MILLI = 1_000_000;

    private final Periods periods = new Periods();
    private final List<Periods.Sample> samples = new ArrayList<>();
    private long nowNanos = -5_000 * MILLI; // a clock may begin anywhere

    private void steps(int count, long nanos, String... names) {
        for (int step = 0; step < count; step++) {
            for (String name : names) {
                periods.came(name, nowNanos).ifPresent(samples::add);
            }
            nowNanos += nanos;
        }
    }

    @Test
    void sample_isTheTimeOfAStep_andHowManyNamesItHas() {
        steps(100, 10 * MILLI, "a", "b", "c");

        assertThat(samples).hasSizeBetween(2, 4);
        assertThat(samples)
                .allSatisfy(
                        sample -> {
                            assertThat(sample.millis()).isEqualTo(10, within(1e-9));
                            assertThat(sample.names()).isEqualTo(3);
                        });
        assertThat(periods.count()).isEqualTo(100);
    }

    @Test
    void pauseNowAndThen_isNoPartOfAStep() {
        for (int pass = 0; pass < 10; pass++) {
            steps(30, 10 * MILLI, "a", "b");
            nowNanos += 700 * MILLI;
        }

        assertThat(samples).hasSizeGreaterThan(5);
        assertThat(samples)
                .allSatisfy(sample -> assertThat(sample.millis()).isEqualTo(10, within(1e-9)));
    }

    @Test
    void shortSteps_areMeasuredForAsLongAsClocksNeed() {
        steps(1000, MILLI / 10, "a");
        assertThat(samples).isEmpty();
        steps(1000, MILLI / 10, "a");
        assertThat(samples).hasSize(1);
        assertThat(samples.get(0).millis()).isEqualTo(0.1, within(1e-9));
    }

    @Test
    void nameThatComesSeldom_isFollowedByAnother() {
        for (int pass = 0; pass < 3; pass++) {
            steps(2, 10 * MILLI, "validation");
            steps(200, 10 * MILLI, "a", "b");
        }
        assertThat(samples).hasSizeGreaterThan(3);
        assertThat(samples).allSatisfy(sample -> assertThat(sample.names()).isLessThan(2.5));
        assertThat(samples)
                .allSatisfy(sample -> assertThat(sample.millis()).isEqualTo(10, within(0.5)));
    }
}
