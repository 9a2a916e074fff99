package org.jhorovod.djl;

import java.util.Arrays;

/** How long the last steps took, without what was waited in them. Owned by the training thread. */
final class StepTimes {
    private static final int KEPT = 31;
    private static final int ENOUGH = 12;

    private final long[] nanos = new long[KEPT];
    private long count;
    private long worked; // since the last call of takeShare
    private long waited;

    /**
     * Notes a step.
     *
     * @param busyNanos without waiting; 0 where it is not known
     */
    void add(long busyNanos, long waitedNanos) {
        if (busyNanos > 0) {
            nanos[(int) (count % KEPT)] = busyNanos;
            count++;
            worked += busyNanos;
            waited += waitedNanos;
        }
    }

    /** The median of the last ones; 0 while there are not enough. */
    long median() {
        int known = (int) Math.min(count, KEPT);
        if (known < ENOUGH) {
            return 0;
        }
        long[] sorted = Arrays.copyOf(nanos, known);
        Arrays.sort(sorted);
        return sorted[known / 2];
    }

    /** The share of the time that was waited since the last call; 0 where there was no step. */
    double takeWaitedShare() {
        double share = worked == 0 ? 0 : (double) waited / (worked + waited);
        worked = 0;
        waited = 0;
        return share;
    }
}
