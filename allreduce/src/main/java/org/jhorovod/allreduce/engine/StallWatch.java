package org.jhorovod.allreduce.engine;

import java.time.Duration;
import java.util.Optional;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jspecify.annotations.Nullable;

/**
 * Finds an operation that goes on past its deadline because its backend does not ask for it, as in
 * a library that blocks. Used by one thread.
 */
final class StallWatch {
    // A backend that does ask ends the operation by itself; after a stop of this process too.
    private final Duration grace;
    private @Nullable RunningOperation suspect; // null where none is overdue
    private long suspectSinceNanos;

    StallWatch(Duration grace) {
        this.grace = grace;
    }

    /**
     * To be called again and again.
     *
     * @param running the operation that runs now, null between two
     * @return the operation's failure once it has been overdue for longer than the grace
     */
    Optional<CollectiveException> look(@Nullable RunningOperation running) {
        Optional<CollectiveException> overdue =
                running == null ? Optional.empty() : running.overdue();
        if (overdue.isEmpty()) {
            suspect = null;
            return Optional.empty();
        }
        if (suspect != running) {
            suspect = running;
            suspectSinceNanos = System.nanoTime();
        }
        boolean isStalled = System.nanoTime() - suspectSinceNanos >= grace.toNanos();
        return isStalled ? overdue : Optional.empty();
    }
}
