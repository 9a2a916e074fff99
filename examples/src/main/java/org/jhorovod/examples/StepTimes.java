package org.jhorovod.examples;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * How long the steps of a mode took on their slowest ranks.
 *
 * @param mode whose steps these are
 * @param blocks in the order of measuring, each with the milliseconds of its steps; none is empty
 * @param waitingShare the share of the steps spent waiting for other ranks, a mean over the ranks
 * @param controlBytes that a rank sent over its control connections in a step, beside heartbeats, a
 *     mean over ranks and steps
 */
record StepTimes(SyncMode mode, List<double[]> blocks, double waitingShare, double controlBytes) {

    StepTimes {
        blocks = List.copyOf(blocks);
    }

    /** The median over all steps. */
    double median() {
        return median(steps().toArray());
    }

    double shortest() {
        return steps().min().orElseThrow();
    }

    double longest() {
        return steps().max().orElseThrow();
    }

    /** The median of each block. */
    double[] blockMedians() {
        return blocks.stream().mapToDouble(StepTimes::median).toArray();
    }

    private DoubleStream steps() {
        return blocks.stream().flatMapToDouble(Arrays::stream);
    }

    /**
     * The middle value, or the mean of the two in the middle.
     *
     * @param values at least one
     */
    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[sorted.length / 2] + sorted[(sorted.length - 1) / 2]) / 2;
    }
}
