package org.jhorovod.djl.local;

import org.jhorovod.allreduce.codec.Codec;

/**
 * How the sites of a job train; the same on all ranks.
 *
 * @param steps how many a site makes by itself between two rounds of the same parameters
 * @param fragments into how many the parameters are cut; with 1 the ranks wait for each round, with
 *     more they step on meanwhile
 * @param lockSteps for so many steps at first the sites agree after each
 * @param outerOptimizer what takes the mean change of the sites
 * @param codec how changes travel from site to site
 */
public record LocalPlan(
        int steps, int fragments, long lockSteps, OuterOptimizer outerOptimizer, Codec codec) {

    /** Checks the numbers. */
    public LocalPlan {
        if (steps < 1 || fragments < 1 || fragments > steps) {
            throw new IllegalArgumentException(
                    "Local steps and fragments must be at least 1, and no more fragments than steps; they are %d and %d."
                            .formatted(steps, fragments));
        }
    }

    /**
     * How many steps lie between the round of a fragment and the round before.
     *
     * @param cycle how many fragments take turns, of a small model perhaps fewer than were asked
     *     for
     */
    int stepsBefore(int turn, int cycle) {
        return (int) ((turn + 1L) * steps / cycle - (long) turn * steps / cycle);
    }

    /** As messages and comparisons between ranks show it. */
    public String describe() {
        return "%d local steps, %d fragments, %d steps in lock-step, outer optimizer %s, codec %s"
                .formatted(steps, fragments, lockSteps, outerOptimizer, codec.name());
    }
}
