package org.jhorovod.allreduce.transport;

import java.util.concurrent.TimeUnit;

/*
 * What takes microseconds is seen soonest by who looks all the time. But on a core that others need,
 * perhaps the very peer that is waited for, looking keeps them from it. So:
 *   look again at once -> leave the core to others in between -> sleep, which is the caller's to do
 */
/** Looking for what a peer does, before sleeping until it is done. Used by one thread. */
public final class Look {
    private static final long SPIN_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

    private final long lookNanos;
    private long sinceNanos = System.nanoTime();

    /** Begins to look, for so long at most. */
    public Look(long lookNanos) {
        this.lookNanos = lookNanos;
    }

    /** Begins anew, because something was found. */
    public void restart() {
        sinceNanos = System.nanoTime();
    }

    /** Pauses for as little as is fair, and returns whether to look again instead of sleeping. */
    @SuppressWarnings("ThreadPriorityCheck") // a yield is meant: to a peer on the same core
    public boolean again() {
        long waited = System.nanoTime() - sinceNanos;
        if (waited >= lookNanos) {
            return false;
        }
        if (waited < SPIN_NANOS) {
            Thread.onSpinWait();
        } else {
            Thread.yield();
        }
        return true;
    }
}
