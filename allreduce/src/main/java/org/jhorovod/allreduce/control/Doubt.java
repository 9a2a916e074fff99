package org.jhorovod.allreduce.control;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The end of a connection that may be the peer's or that of the relay it goes through. Owned by the
 * control thread.
 */
final class Doubt {
    private static final long LEAST_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private ControlConnections.@Nullable Ended end; // null where nothing is doubtful
    private long sinceNanos;

    /** Takes an end for doubtful; the first of several is the one that counts. */
    void take(ControlConnections.Ended ended) {
        if (end == null) {
            end = ended;
            sinceNanos = System.nanoTime();
        }
    }

    /** How long may be waited until {@link #resolved} is asked again. */
    long waitNanos() {
        return end == null ? Long.MAX_VALUE : LEAST_NANOS;
    }

    /**
     * The end that turns out to be the peer's, once; empty where there is none, or it is too early.
     *
     * @param isOfPeer tells from the age of the doubt, in nanoseconds
     */
    Optional<ControlConnections.Ended> resolved(LongPredicate isOfPeer) {
        ControlConnections.Ended known = end;
        long age = System.nanoTime() - sinceNanos;
        if (known == null || age < LEAST_NANOS || !isOfPeer.test(age)) {
            return Optional.empty();
        }
        end = null;
        return Optional.of(known);
    }
}
