package org.jhorovod.allreduce.timeline;

import java.util.List;

/** What takes the events of all ranks, on rank 0. Owned by one thread, and never throws. */
interface Sink extends AutoCloseable {

    /**
     * Takes what has happened on a rank.
     *
     * @param events on rank 0's clock
     * @param lost how many more events of the rank had no room
     */
    void add(int rank, String host, List<Event> events, long lost);

    /** Does what is due now, if anything. */
    default void tick(long nowNanos) {}

    @Override
    void close();
}
