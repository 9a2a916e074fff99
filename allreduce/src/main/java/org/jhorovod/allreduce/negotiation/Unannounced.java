package org.jhorovod.allreduce.negotiation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What a rank is about to announce. It waits some time for more, unless somebody waits for it, so
 * that tensors which a program submits one after another take one message, and run together.
 *
 * <p>Safe for use by several threads.
 */
final class Unannounced {
    // Guarded by this.
    private long cycleNanos;
    private final List<Announcement.Item> items = new ArrayList<>();
    private long dueNanos;

    Unannounced(Duration cycle) {
        this.cycleNanos = cycle.toNanos();
    }

    /** Has what comes from now on wait for so long. */
    synchronized void waitFor(Duration cycle) {
        cycleNanos = cycle.toNanos();
    }

    /**
     * Adds to it.
     *
     * @return whether it was empty before
     */
    synchronized boolean add(List<Announcement.Item> added) {
        boolean wasEmpty = items.isEmpty();
        if (wasEmpty) {
            dueNanos = System.nanoTime() + cycleNanos;
        }
        items.addAll(added);
        return wasEmpty;
    }

    /**
     * Has it wait no longer.
     *
     * @return whether there is something in it
     */
    synchronized boolean hurry() {
        dueNanos = System.nanoTime();
        return !items.isEmpty();
    }

    /** How long it waits still; the largest number where it is empty. */
    synchronized long waitNanos() {
        return items.isEmpty() ? Long.MAX_VALUE : dueNanos - System.nanoTime();
    }

    /** Takes all out where it is time to; otherwise nothing. */
    synchronized List<Announcement.Item> takeDue() {
        if (waitNanos() > 0) {
            return List.of();
        }
        List<Announcement.Item> taken = List.copyOf(items);
        items.clear();
        return taken;
    }
}
