package org.jhorovod.djl.listener;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;

/**
 * How fast a training has been of late. Only the time from one training batch to the next counts:
 * neither the first batch, which waits for everything to start, nor validation, nor what else lies
 * between two epochs.
 */
final class Pace {
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long MARK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Deque<Mark> marks = new ArrayDeque<>();
    private Mark latest = new Mark(0, 0);
    private long lastNanos;
    private long lastSamples;
    private boolean isRunning;
    private boolean isWarm;

    /**
     * What has been measured up to a batch.
     *
     * @param nanos of training
     * @param samples that were trained on in that time
     */
    record Mark(long nanos, long samples) {

        /** The speed since an earlier mark; empty if no time has passed. */
        OptionalDouble samplesPerSecondSince(Mark earlier) {
            long passed = nanos - earlier.nanos;
            return passed <= 0
                    ? OptionalDouble.empty()
                    : OptionalDouble.of((samples - earlier.samples) * 1e9 / passed);
        }
    }

    /**
     * Notes a training batch.
     *
     * @param nowNanos of a clock that never goes back
     * @param samples that have been trained on before it, over all ranks
     */
    void batch(long nowNanos, long samples) {
        if (isRunning && isWarm) {
            latest =
                    new Mark(
                            latest.nanos + nowNanos - lastNanos,
                            latest.samples + samples - lastSamples);
            keep(latest);
        }
        isWarm |= isRunning;
        isRunning = true;
        lastNanos = nowNanos;
        lastSamples = samples;
    }

    private void keep(Mark mark) {
        if (marks.isEmpty()) {
            marks.add(new Mark(0, 0));
        }
        if (mark.nanos - marks.getLast().nanos >= MARK_NANOS) {
            marks.add(mark);
        }
        while (marks.size() > 2 && mark.nanos - secondMark().nanos >= WINDOW_NANOS) {
            marks.removeFirst();
        }
    }

    private Mark secondMark() {
        var inOrder = marks.iterator();
        inOrder.next();
        return inOrder.next();
    }

    /** Notes that something else than training follows. */
    void pause() {
        isRunning = false;
    }

    /** The latest measurement. */
    Mark latest() {
        return latest;
    }

    /** How long has been measured. */
    long measuredNanos() {
        return latest.nanos;
    }

    /** The speed of the last minute of training; empty in the first two batches. */
    OptionalDouble samplesPerSecond() {
        return marks.isEmpty()
                ? OptionalDouble.empty()
                : latest.samplesPerSecondSince(marks.getFirst());
    }
}
