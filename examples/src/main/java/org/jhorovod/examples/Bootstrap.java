package org.jhorovod.examples;

import java.util.Arrays;
import java.util.SplittableRandom;

/*
 * How sure a ratio of medians is [1]. What was measured in turn is drawn in turn: a resample draws as
 * many rounds as there were, each any number of times, and takes the values of both sides from the
 * rounds drawn, so that a slow minute of the machine stays one for both. The middle 95 % of the
 * resamples' ratios are the interval.
 *
 * [1] Efron, Tibshirani: An Introduction to the Bootstrap, 1993, chapter 13.
 */
/** The percentile bootstrap of a ratio of medians. Pure: the draws are the same each time. */
final class Bootstrap {
    private static final int RESAMPLES = 2000;
    private static final int LEFT_OUT = RESAMPLES / 40; // 2.5 % at each end
    private static final long SEED = 1;

    private Bootstrap() {}

    /**
     * Where 95 % of what might have been measured lie.
     *
     * @param low no more than high
     */
    record Interval(double low, double high) {}

    /**
     * The interval of median(above) / median(below).
     *
     * @param above a value of each round, at least one
     * @param below as many, of the same rounds
     */
    static Interval ofMedianRatio(double[] above, double[] below) {
        SplittableRandom random = new SplittableRandom(SEED);
        double[] ratios = new double[RESAMPLES];
        for (int i = 0; i < RESAMPLES; i++) {
            int[] rounds = random.ints(above.length, 0, above.length).toArray();
            ratios[i] = medianOf(above, rounds) / medianOf(below, rounds);
        }
        Arrays.sort(ratios);
        return new Interval(ratios[LEFT_OUT], ratios[RESAMPLES - 1 - LEFT_OUT]);
    }

    private static double medianOf(double[] values, int[] rounds) {
        return StepTimes.median(Arrays.stream(rounds).mapToDouble(i -> values[i]).toArray());
    }
}
