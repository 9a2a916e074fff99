package org.jhorovod.djl;

/** Adds up steps, samples and waiting times. Owned by the training thread. */
final class StepClock {
    private long steps;
    private long samples;
    private long firstEndNanos;
    private long lastEndNanos;
    private long waitedNanos;

    /** Notes the end of a step. */
    void stepEnded(long nowNanos, long stepSamples, long stepWaitedNanos) {
        if (steps == 0) {
            firstEndNanos = nowNanos;
        } else {
            waitedNanos += stepWaitedNanos;
        }
        lastEndNanos = nowNanos;
        steps++;
        samples += stepSamples;
    }

    long steps() {
        return steps;
    }

    StepStatistics statistics() {
        long nanos = lastEndNanos - firstEndNanos;
        return new StepStatistics(steps, samples, nanos > 0 ? (double) waitedNanos / nanos : 0);
    }
}
