package org.jhorovod.allreduce.timeline;

import org.jhorovod.allreduce.metrics.Metrics;
import org.jspecify.annotations.Nullable;

/** Something that is under way; owned by the thread that began it. */
public final class Span {
    /** Where nobody records. */
    static final Span NONE =
            new Span(null, Track.OFF, "", "", 0, Event.Detail.NONE, null, null, false);

    private final @Nullable Track track; // null where nobody records
    private final long startNanos;
    private final String name;
    private final String tensor;
    private final long byteCount;
    private final Event.Detail detail;
    private final jdk.jfr.@Nullable Event flight; // null where the flight recorder is off
    private final @Nullable Metrics metrics; // null where nobody counts
    private final boolean isOfNames; // so that its failure is counted elsewhere

    Span(
            @Nullable Track track,
            long startNanos,
            String name,
            String tensor,
            long byteCount,
            Event.Detail detail,
            jdk.jfr.@Nullable Event flight,
            @Nullable Metrics metrics,
            boolean isOfNames) {
        this.track = track;
        this.startNanos = startNanos;
        this.name = name;
        this.tensor = tensor;
        this.byteCount = byteCount;
        this.detail = detail;
        this.flight = flight;
        this.metrics = metrics;
        this.isOfNames = isOfNames;
    }

    /** Ends it now. */
    public void end() {
        end(false);
    }

    /** Ends it now, by an error. */
    public void fail() {
        end(true);
    }

    private void end(boolean hasFailed) {
        if (metrics != null) {
            boolean isFailure = hasFailed && !isOfNames;
            metrics.collective(name, byteCount, System.nanoTime() - startNanos, isFailure);
        }
        if (flight != null) {
            flight.commit(); // ends it too
        }
        if (track != null) {
            track.span(name, tensor, byteCount, startNanos, detail);
        }
    }
}
