package org.jhorovod.launcher.report;

import org.jhorovod.allreduce.timeline.RunSummary.Window;

/*
 * The time of a training thread. In a step it computes, or is held up by collectives. How much of that is
 * waiting for a slower rank, and how much bytes on their way, is told by the collectives of the same time:
 * by which part of theirs the last rank had not come yet. What lies between steps is loading of data,
 * evaluation, and checkpoints. Without steps (no DistributedTrainer) collectives are all that is known.
 */
/**
 * Where time went, in microseconds.
 *
 * @param compute in steps, on the rank's own samples
 * @param communication held up by bytes on their way
 * @param waiting held up by ranks that had not come yet
 * @param outside of steps; of collectives where there are no steps
 */
record Shares(double compute, double communication, double waiting, double outside) {
    static final Shares NONE = new Shares(0, 0, 0, 0);

    /**
     * The shares of some time.
     *
     * @param hasSteps whether the run has any
     */
    static Shares of(Window window, double micros, boolean hasSteps) {
        double ofPeers =
                window.collectiveMicros() == 0
                        ? 0
                        : (double) window.peerMicros() / window.collectiveMicros();
        long held = hasSteps ? window.waitedMicros() : window.collectiveMicros();
        double heldUp = Math.min(micros, (double) held);
        double stepped = Math.min(micros, (double) window.stepMicros());
        double compute = hasSteps ? Math.max(0, stepped - heldUp) : 0;
        double waiting = heldUp * Math.min(1, ofPeers);
        return new Shares(
                compute,
                heldUp - waiting,
                waiting,
                Math.max(0, micros - Math.max(heldUp, compute + heldUp)));
    }

    double total() {
        return compute + communication + waiting + outside;
    }

    Shares plus(Shares other) {
        return new Shares(
                compute + other.compute,
                communication + other.communication,
                waiting + other.waiting,
                outside + other.outside);
    }

    /** As parts of one; all 0 where there is no time. */
    Shares normal() {
        double total = total();
        return total == 0
                ? NONE
                : new Shares(
                        compute / total, communication / total, waiting / total, outside / total);
    }
}
