package org.jhorovod.launcher.agent;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Tells when the other end of a pipe has been silent for too long. It counts its own ticks and not
 * the clock, so that a process that was stopped itself, or starved, does not blame the other. Safe
 * for use by several threads.
 */
public final class Silence {
    private static final long MAX_PERIOD_MILLIS = 1000;
    private static final int BEATS_PER_TIMEOUT = 5;

    private final Duration period;
    private final int mostTicks;
    private final AtomicInteger ticks = new AtomicInteger();
    private volatile boolean isListening;

    /** Allows for silence of up to this long. */
    public Silence(Duration timeout) {
        period = period(timeout);
        mostTicks = (int) Math.min(Integer.MAX_VALUE, timeout.dividedBy(period));
    }

    /** How often both ends give a sign of life where this timeout holds. */
    public static Duration period(Duration timeout) {
        return Duration.ofMillis(
                Math.max(1, Math.min(MAX_PERIOD_MILLIS, timeout.toMillis() / BEATS_PER_TIMEOUT)));
    }

    /** How often {@link #tick} is to be called. */
    public Duration period() {
        return period;
    }

    /** This end waits for what the other says next. */
    public void listen() {
        ticks.set(0);
        isListening = true;
    }

    /** This end is busy with what the other said, for however long. */
    public void pause() {
        isListening = false;
    }

    /** Whether the other end has been silent for too long by now. */
    public boolean tick() {
        return isListening && ticks.incrementAndGet() > mostTicks;
    }
}
