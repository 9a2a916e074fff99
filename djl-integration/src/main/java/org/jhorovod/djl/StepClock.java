package org.jhorovod.djl;

import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.timeline.Track;

/**
 * Adds up steps, samples and times. A step lasts from its first forward pass to its update, so that
 * neither loading data nor evaluating counts. Owned by the training thread.
 */
final class StepClock {
    private static final long NOT_STARTED = Long.MIN_VALUE;

    private final Track track = JHorovod.timeline().track("training");
    private long steps;
    private long stepsBefore; // of earlier attempts
    private long samples;
    private long startNanos = NOT_STARTED;
    private long steppedNanos;
    private long waitedNanos;

    /** Notes a forward pass; the first since the last update starts the step. */
    void forward(long nowNanos) {
        if (startNanos == NOT_STARTED) {
            startNanos = nowNanos;
        }
    }

    /**
     * Notes the end of a step, of which the first counts no time: it waits for the slowest start.
     *
     * @param stepSamples over all ranks
     * @param ownSamples of this rank
     * @return for how long this rank has worked on the step itself; 0 where no time counts
     */
    long stepEnded(long nowNanos, long stepSamples, long ownSamples, long stepWaitedNanos) {
        if (startNanos != NOT_STARTED) {
            track.step(ownSamples, stepWaitedNanos, startNanos);
        }
        long busyNanos = 0;
        if (steps > 0 && startNanos != NOT_STARTED) {
            steppedNanos += nowNanos - startNanos;
            waitedNanos += stepWaitedNanos;
            busyNanos = Math.max(0, nowNanos - startNanos - stepWaitedNanos);
        }
        startNanos = NOT_STARTED;
        steps++;
        samples += stepSamples;
        return busyNanos;
    }

    /** Goes on after so many steps of earlier attempts. */
    void resume(long stepsSoFar) {
        stepsBefore = stepsSoFar;
    }

    /** Over all attempts. */
    long steps() {
        return stepsBefore + steps;
    }

    StepStatistics statistics() {
        double share = steppedNanos > 0 ? (double) waitedNanos / steppedNanos : 0;
        return new StepStatistics(steps, samples, share);
    }
}
