package org.jhorovod.djl;

import org.jhorovod.allreduce.config.Settings.ReduceChoice;

/** When the gradients of a step are reduced, and on which thread. */
enum ReductionTime {
    /** While backward goes on, by the engine's thread. */
    DURING_BACKWARD,
    /** In the step, by the training thread. */
    IN_STEP,
    /** In the step, by the engine's thread, while the training thread copies. */
    IN_STEP_BY_ENGINE;

    /**
     * The time that was chosen, or the one that costs least.
     *
     * <p>Inside a host a reduction costs cores, of which training leaves none, whatever carries the
     * bytes: nobody else does it faster than the training thread. Between hosts it costs waiting,
     * which backward can hide. Gradients that are copied into their buckets are copied while others
     * are reduced.
     *
     * @param isOneHost whether all ranks share one
     * @param areBorn whether gradients are born in their buckets, on the host
     * @param isOnDevice whether they are reduced on a device
     */
    static ReductionTime of(
            ReduceChoice choice, boolean isOneHost, boolean areBorn, boolean isOnDevice) {
        return switch (choice) {
            case AUTO -> !areBorn ? IN_STEP_BY_ENGINE : isOneHost ? IN_STEP : DURING_BACKWARD;
            case BACKWARD -> areBorn ? DURING_BACKWARD : IN_STEP_BY_ENGINE;
            case STEP -> isOnDevice ? IN_STEP_BY_ENGINE : IN_STEP;
            case ENGINE -> IN_STEP_BY_ENGINE;
        };
    }
}
