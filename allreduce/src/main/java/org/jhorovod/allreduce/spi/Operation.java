package org.jhorovod.allreduce.spi;

import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveException;

/**
 * One collective on its way through a backend. Used by one thread at a time: the engine's, and
 * after the collective has returned, one of a backend that watches it until the device has run it.
 */
public interface Operation {
    /** What {@link #beginPhase} answers where nobody records. */
    long UNRECORDED = Long.MIN_VALUE;

    /** The number of this collective in the order that all ranks share, from 1. */
    long sequence();

    /** How often the job had been formed before. */
    int generation();

    /** What the caller asked for. */
    CollectiveCall call();

    /**
     * Returns how long a backend may wait now before it asks again, in nanoseconds, always more
     * than zero. To be called before each wait.
     *
     * @throws CollectiveException if the job has failed, or if nothing moved until the operation
     *     deadline
     */
    long allowedWaitNanos();

    /**
     * The same for a wait on links, whose other ends are told where nothing moves.
     *
     * @param from the rank whose bytes are waited for; -1 for none
     * @param to the rank that is to take bytes; -1 for none
     */
    default long allowedWaitNanos(int from, int to) {
        return allowedWaitNanos();
    }

    /**
     * Begins to look for what a peer does, before sleeping: for long on a caller's thread, which
     * has nothing else to do, and shortly on the engine's, beside which callers compute.
     */
    Look look();

    /** Notes that bytes moved, which starts the operation deadline anew. */
    void progressed();

    /**
     * Turns the end of a data link into the reason for it, waiting shortly for the control plane to
     * learn it.
     */
    CollectiveException linkEnded(int peer, String how);

    /**
     * Turns a failure that names no peer, of a library for instance, into the reason for it: the
     * control plane's, which it waits for shortly, or else that this rank gave up.
     *
     * @param why the end of a sentence, without a full stop
     */
    CollectiveException gaveUp(String why);

    /**
     * Begins a phase, in which there may be others. Costs one look where nobody records.
     *
     * @return the time, for {@link #endPhase}; {@link #UNRECORDED} where nobody records
     */
    default long beginPhase() {
        return UNRECORDED;
    }

    /**
     * Records a phase that ends now. Does nothing where nobody records.
     *
     * @param byteCount of this rank's tensor that it was about
     * @param beganNanos from {@link #beginPhase}
     */
    default void endPhase(Phase phase, long byteCount, long beganNanos) {}
}
