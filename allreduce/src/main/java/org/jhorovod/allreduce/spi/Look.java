package org.jhorovod.allreduce.spi;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/*
 * What takes microseconds is seen soonest by who looks all the time. But on a core that others need,
 * perhaps the very peer that is waited for, looking keeps them from it. So:
 *   look again at once -> leave the core to others in between -> nap -> sleep, which is the caller's
 *
 * Note [Two ranks on one core]: a rank that sleeps until bytes arrive is woken by the peer that sends
 * them, and the kernel takes that for a hint to put both on the peer's core, one after the other,
 * while the other core idles; and yielding to each other there, both seem busy, and stay. A nap ends
 * by a timer, for which the kernel looks for an idle core. So who finds by how long a yield took
 * that somebody else wants the core naps once, and nobody sleeps until woken for waits as short as
 * those between ranks that do the same work.
 */
/** Looking for what a peer does, before sleeping until it is done. Used by one thread. */
public final class Look {
    private static final long YIELD_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long NAP_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
    // A yield to nobody takes less than one.
    private static final long YIELDED_NANOS = TimeUnit.MICROSECONDS.toNanos(20);

    private final long spinNanos;
    private final long lookNanos;
    private long sinceNanos = System.nanoTime();
    private boolean isCoreWanted;

    /**
     * Begins to look.
     *
     * @param spinNanos how long without leaving the core to others; 0 where every core has several
     *     that want it
     * @param lookNanos how long at most
     */
    public Look(long spinNanos, long lookNanos) {
        this.spinNanos = spinNanos;
        this.lookNanos = lookNanos;
    }

    /** Begins anew, because something was found. */
    public void restart() {
        sinceNanos = System.nanoTime();
    }

    /** Pauses for as little as is fair, and returns whether to look again instead of sleeping. */
    public boolean again() {
        long now = System.nanoTime();
        long waited = now - sinceNanos;
        if (waited >= lookNanos) {
            return false;
        }
        if (waited < spinNanos) {
            Thread.onSpinWait();
        } else if (isCoreWanted || waited >= YIELD_NANOS) {
            LockSupport.parkNanos(NAP_NANOS);
            isCoreWanted = false;
        } else {
            yieldCore(now);
        }
        return true;
    }

    @SuppressWarnings("ThreadPriorityCheck") // a yield is meant: to a peer on the same core
    private void yieldCore(long now) {
        Thread.yield();
        isCoreWanted = spinNanos > 0 && System.nanoTime() - now > YIELDED_NANOS;
    }
}
