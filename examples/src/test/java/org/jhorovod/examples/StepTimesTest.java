package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StepTimesTest {

    @Test
    void times_areSummedUpOverAllSteps_andBlockByBlock() {
        StepTimes times = times(SyncMode.ON, new double[] {9, 2, 1}, new double[] {3, 4, 50});

        assertThat(times.median()).isEqualTo(3.5);
        assertThat(times.shortest()).isEqualTo(1);
        assertThat(times.longest()).isEqualTo(50);
        assertThat(times.blockMedians()).containsExactly(2, 4);
    }

    @Test
    void ratio_isThatOfTheMediansOverTheBlocks() {
        StepTimes on = times(SyncMode.ON, new double[] {2}, new double[] {3}, new double[] {10});
        StepTimes off = times(SyncMode.OFF, new double[] {1}, new double[] {2}, new double[] {4});

        StepRatio ratio = StepRatio.of(on, off);

        assertThat(ratio.of()).isEqualTo("on");
        assertThat(ratio.by()).isEqualTo("off");
        assertThat(ratio.ratio()).isEqualTo(1.5);
        assertThat(ratio.low()).isLessThanOrEqualTo(1.5);
        assertThat(ratio.high()).isGreaterThanOrEqualTo(1.5);
    }

    @Test
    void ratios_areOfEachModeToEachBehindIt() {
        List<StepTimes> modes =
                List.of(
                        times(SyncMode.ON, new double[] {2}),
                        times(SyncMode.OFF, new double[] {1}),
                        times(SyncMode.NONE, new double[] {4}));

        assertThat(TrainPerfReport.ratios(modes))
                .extracting(ratio -> ratio.of() + "/" + ratio.by() + " " + ratio.ratio())
                .containsExactly("on/off 2.0", "on/none 0.5", "off/none 0.25");
        assertThat(TrainPerfReport.ratios(modes.subList(0, 1))).isEmpty();
    }

    @Test
    void bootstrap_isSureOfWhatNeverVaries() {
        Bootstrap.Interval interval =
                Bootstrap.ofMedianRatio(new double[] {3, 3, 3}, new double[] {2, 2, 2});

        assertThat(interval).isEqualTo(new Bootstrap.Interval(1.5, 1.5));
    }

    @Test
    void bootstrap_drawsBothSidesOfARoundTogether() {
        double[] below = IntStream.rangeClosed(1, 9).asDoubleStream().toArray();
        double[] above = IntStream.rangeClosed(1, 9).mapToDouble(i -> 2 * i).toArray();

        Bootstrap.Interval interval = Bootstrap.ofMedianRatio(above, below);

        assertThat(interval.low()).isCloseTo(2, within(1e-12));
        assertThat(interval.high()).isCloseTo(2, within(1e-12));
    }

    /** The median of ten resampled values leaves out no more than the outermost few of them. */
    @Test
    void bootstrap_spansWhatRoundsDifferBy_andIsTheSameEachTime() {
        double[] above = {1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9};
        double[] below = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

        Bootstrap.Interval interval = Bootstrap.ofMedianRatio(above, below);

        assertThat(interval.low()).isBetween(1.1, 1.3);
        assertThat(interval.high()).isBetween(1.6, 1.8);
        assertThat(Bootstrap.ofMedianRatio(above, below)).isEqualTo(interval);
    }

    private static StepTimes times(SyncMode mode, double[]... blocks) {
        return new StepTimes(mode, List.of(blocks), 0, 0);
    }
}
