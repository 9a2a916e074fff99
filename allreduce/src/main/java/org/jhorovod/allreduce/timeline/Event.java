package org.jhorovod.allreduce.timeline;

/**
 * Something that has happened on a rank.
 *
 * @param track where it is drawn
 * @param tensor its name; empty where there is none
 * @param startNanos on the rank's clock, or on rank 0's once converted
 * @param durationNanos 0 for an instant
 */
record Event(
        Kind kind,
        String track,
        String name,
        String tensor,
        long byteCount,
        long startNanos,
        long durationNanos) {

    /** How it lies among the others of its track. */
    enum Kind {
        /** Apart from each other, or one inside another. */
        SPAN,
        /** Begins and ends whatever the others do. */
        OVERLAPPING,
        /** Takes no time. */
        INSTANT
    }

    /** The same on rank 0's clock. */
    Event on(RankClock clock) {
        long start = clock.onRank0(startNanos);
        long end = clock.onRank0(startNanos + durationNanos);
        return new Event(kind, track, name, tensor, byteCount, start, end - start);
    }
}
