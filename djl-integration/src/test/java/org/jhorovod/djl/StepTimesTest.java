package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class StepTimesTest {
    private final StepTimes times = new StepTimes();

    @Test
    void median_isUnknown_untilThereAreStepsEnough() {
        for (int step = 0; step < 11; step++) {
            times.add(5, 0);
        }
        assertThat(times.median()).isZero();
        times.add(5, 0);
        assertThat(times.median()).isEqualTo(5);
    }

    @Test
    void median_forgetsTheSlowFirstSteps() {
        for (int step = 0; step < 20; step++) {
            times.add(1000, 0);
        }
        for (int step = 0; step < 20; step++) {
            times.add(7, 0);
        }
        assertThat(times.median()).isEqualTo(7);
    }

    @Test
    void share_isOfTheStepsSinceTheLastLook() {
        times.add(30, 10);
        assertThat(times.takeWaitedShare()).isCloseTo(0.25, within(1e-9));
        assertThat(times.takeWaitedShare()).isZero();
    }
}
