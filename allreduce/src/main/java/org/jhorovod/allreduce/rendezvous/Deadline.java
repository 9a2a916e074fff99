package org.jhorovod.allreduce.rendezvous;

import java.time.Duration;

/** A moment on this process's monotonic clock by which a wait must end. */
public record Deadline(long nanoTime) {

    /** The moment that lies {@code timeout} from now. */
    public static Deadline after(Duration timeout) {
        return new Deadline(System.nanoTime() + timeout.toNanos());
    }

    /** Nanoseconds left; zero or less once it is over. */
    public long remainingNanos() {
        return nanoTime - System.nanoTime();
    }

    /** Milliseconds left, rounded up, at least 0. */
    public long remainingMillis() {
        return Math.max(0, (remainingNanos() + 999_999) / 1_000_000);
    }

    /** Whether the moment has passed. */
    public boolean isOver() {
        return remainingNanos() <= 0;
    }
}
