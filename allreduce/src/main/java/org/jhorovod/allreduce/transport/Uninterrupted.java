package org.jhorovod.allreduce.transport;

/**
 * Puts interrupts of a thread off while it waits for peers, who need its part: it could not sleep
 * with one. Used by the thread that makes it; closing gives it the interrupt back.
 */
public final class Uninterrupted implements AutoCloseable {
    private boolean wasInterrupted;

    /** Puts off an interrupt that may have ended a sleep. */
    public void putOff() {
        wasInterrupted |= Thread.interrupted();
    }

    @Override
    public void close() {
        if (wasInterrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
