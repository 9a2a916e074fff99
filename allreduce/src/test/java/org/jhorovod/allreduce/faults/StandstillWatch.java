package org.jhorovod.allreduce.faults;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Notices when this process gets no processor for a while, as where a machine is overloaded or all
 * of a user's processes are stopped. What ranks say of each other after that is no fault of theirs.
 */
final class StandstillWatch implements AutoCloseable {
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final ScheduledExecutorService ticks = Executors.newSingleThreadScheduledExecutor();
    private final AtomicLong lastTick = new AtomicLong(System.nanoTime());
    private final AtomicLong longest = new AtomicLong();

    /** Begins to watch. */
    StandstillWatch() {
        var unused =
                ticks.scheduleWithFixedDelay(
                        this::tick, TICK_NANOS, TICK_NANOS, TimeUnit.NANOSECONDS);
    }

    private void tick() {
        long now = System.nanoTime();
        longest.accumulateAndGet(now - lastTick.getAndSet(now) - TICK_NANOS, Math::max);
    }

    /** The longest standstill since the last call. */
    Duration takeLongest() {
        return Duration.ofNanos(longest.getAndSet(0));
    }

    @Override
    public void close() {
        ticks.shutdownNow();
    }
}
