package org.jhorovod.allreduce.engine;

/**
 * How far a device has come with its collectives.
 *
 * @param unfinished how many it has yet to run
 * @param sinceNanos since when there are as many
 */
record DeviceProgress(int unfinished, long sinceNanos) {

    /** What is known once the device has been looked at again. */
    DeviceProgress after(int unfinishedNow, long nowNanos) {
        return unfinishedNow == unfinished ? this : new DeviceProgress(unfinishedNow, nowNanos);
    }

    boolean isDone() {
        return unfinished == 0;
    }

    /** Whether it has finished nothing for so long, though it has work. */
    boolean isStuck(long nowNanos, long longestNanos) {
        return !isDone() && nowNanos - sinceNanos >= longestNanos;
    }
}
