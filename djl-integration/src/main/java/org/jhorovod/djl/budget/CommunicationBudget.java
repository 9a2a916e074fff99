package org.jhorovod.djl.budget;

import org.jhorovod.djl.local.OuterOptimizer;

/**
 * What a user allows communication between sites to take.
 *
 * @param share of the time, more than 0 and less than 1
 * @param lockSteps for so many steps at first the sites agree after each
 * @param outerOptimizer what takes the mean change of the sites after local steps
 */
public record CommunicationBudget(double share, long lockSteps, OuterOptimizer outerOptimizer) {

    /** Checks the share. */
    public CommunicationBudget {
        if (!(share > 0) || share >= 1) {
            throw new IllegalArgumentException(
                    "A communication budget is a share of the time, more than 0 and less than 1, not %s."
                            .formatted(share));
        }
    }

    /** As comparisons between ranks show it. */
    public String describe() {
        return "a communication budget of %s, %d steps in lock-step, outer optimizer %s"
                .formatted(share, lockSteps, outerOptimizer);
    }
}
