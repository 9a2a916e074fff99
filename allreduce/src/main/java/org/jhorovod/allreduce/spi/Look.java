package org.jhorovod.allreduce.spi;

/*
 * What takes microseconds is seen soonest by who looks all the time. But on a core that others need,
 * perhaps the very peer that is waited for, looking keeps them from it. So:
 *   look again at once -> leave the core to others in between -> sleep, which is the caller's to do
 */
/** Looking for what a peer does, before sleeping until it is done. Used by one thread. */
public final class Look {
    private final long spinNanos;
    private final long lookNanos;
    private long sinceNanos = System.nanoTime();

    /**
     * Begins to look.
     *
     * @param spinNanos how long without leaving the core to others
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
    @SuppressWarnings("ThreadPriorityCheck") // a yield is meant: to a peer on the same core
    public boolean again() {
        long waited = System.nanoTime() - sinceNanos;
        if (waited >= lookNanos) {
            return false;
        }
        if (waited < spinNanos) {
            Thread.onSpinWait();
        } else {
            Thread.yield();
        }
        return true;
    }
}
