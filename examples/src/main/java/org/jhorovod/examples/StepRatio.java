package org.jhorovod.examples;

/**
 * How a step of one mode compares to one of another.
 *
 * @param of the mode whose time is divided
 * @param by the mode whose time it is divided by
 * @param ratio of the medians over their blocks' medians
 * @param low where the 95 % interval starts
 * @param high where it ends
 */
record StepRatio(String of, String by, double ratio, double low, double high) {

    /** The ratio of two modes whose blocks were measured in turn. */
    static StepRatio of(StepTimes above, StepTimes below) {
        double[] dividends = above.blockMedians();
        double[] divisors = below.blockMedians();
        Bootstrap.Interval interval = Bootstrap.ofMedianRatio(dividends, divisors);
        return new StepRatio(
                above.mode().word(),
                below.mode().word(),
                StepTimes.median(dividends) / StepTimes.median(divisors),
                interval.low(),
                interval.high());
    }
}
