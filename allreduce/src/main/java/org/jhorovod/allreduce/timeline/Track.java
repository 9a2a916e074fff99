package org.jhorovod.allreduce.timeline;

import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.metrics.Metrics;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.timeline.Event.Kind;
import org.jspecify.annotations.Nullable;

/**
 * A row of a rank in its timeline, such as {@code engine}: what one thread does at a time.
 *
 * <p>Nothing here blocks, and while nobody records it costs one look. Names of spans are the
 * field's, in capitals: {@code ALL_REDUCE}, {@code NEGOTIATE}, {@code WAIT}.
 *
 * <pre>{@code
 * long start = track.begin();
 * pack();
 * track.span("PACK", name, byteCount, start);
 * }</pre>
 */
public final class Track {
    /** What {@link #begin} answers where nobody records. */
    static final long OFF = Operation.UNRECORDED;

    // To ask whether somebody records them.
    private static final CollectiveEvent COLLECTIVES = new CollectiveEvent();
    private static final WaitEvent WAITS = new WaitEvent();

    private final Timeline timeline;
    private final String name;
    private final Event.Party party;
    private final boolean isOfNames; // whose failures are counted by name

    Track(Timeline timeline, String name, Event.Party party) {
        this(timeline, name, party, false);
    }

    private Track(Timeline timeline, String name, Event.Party party, boolean isOfNames) {
        this.timeline = timeline;
        this.name = name;
        this.party = party;
        this.isOfNames = isOfNames;
    }

    /** The same row, of collectives that run for names: {@link #failed} counts their failures. */
    public Track ofNames() {
        return new Track(timeline, name, party, true);
    }

    /** Whether somebody records or counts, here or in the flight recorder. */
    public boolean isRecorded() {
        return isRead() || timeline.metrics() != null;
    }

    /** Whether somebody sees names: of a timeline, or of the flight recorder. */
    public boolean isRead() {
        return timeline.isOn() || COLLECTIVES.isEnabled();
    }

    /** Whether somebody records here. */
    public boolean isOn() {
        return timeline.isOn();
    }

    /** The time, for what ends later; some constant where nobody records. */
    public long begin() {
        return timeline.isOn() ? System.nanoTime() : OFF;
    }

    /**
     * Records a span that ends now.
     *
     * @param span what it is, such as {@code PACK}
     * @param tensor its name; empty where there is none
     * @param beganNanos from {@link #begin}, or a time of {@link System#nanoTime}
     */
    public void span(String span, String tensor, long byteCount, long beganNanos) {
        span(span, tensor, byteCount, beganNanos, Event.Detail.NONE);
    }

    /** The same of several tensors that run as one. */
    public void span(
            String span, String tensor, long byteCount, long beganNanos, FusedTensors fused) {
        span(span, tensor, byteCount, beganNanos, Event.Detail.fused(fused));
    }

    void span(String span, String tensor, long byteCount, long beganNanos, Event.Detail detail) {
        record(Kind.SPAN, span, tensor, byteCount, beganNanos, detail);
    }

    /**
     * Records a step of a training that ends now.
     *
     * @param samples of this rank
     * @param waitedNanos for how long of it this rank waited for others and for their bytes
     */
    public void step(long samples, long waitedNanos, long beganNanos) {
        @Nullable Metrics metrics = timeline.metrics();
        if (metrics != null) {
            metrics.step(samples, System.nanoTime() - beganNanos, waitedNanos);
        }
        span("STEP", "", 0, beganNanos, Event.Detail.step(samples, waitedNanos));
    }

    /** Records what ends now, and begins and ends whatever else goes on; see {@link #span}. */
    public void overlapping(String span, String tensor, long byteCount, long beganNanos) {
        record(Kind.OVERLAPPING, span, tensor, byteCount, beganNanos, Event.Detail.NONE);
    }

    /**
     * Counts tensors submitted by name that ended in an error.
     *
     * @param kind of the collective, such as {@code ALL_REDUCE}
     */
    public void failed(String kind, int tensors) {
        @Nullable Metrics metrics = timeline.metrics();
        if (metrics != null) {
            metrics.failed(kind, tensors);
        }
    }

    /** Counts names that are stalled, or with a negative number some that are not any more. */
    public void stalled(int more) {
        @Nullable Metrics metrics = timeline.metrics();
        if (metrics != null) {
            metrics.stalled(more);
        }
    }

    /** Records a moment. */
    public void instant(String what, String tensor) {
        if (timeline.isOn()) {
            timeline.record(new Event(Kind.INSTANT, name, what, tensor, 0, System.nanoTime(), 0));
        }
    }

    private void record(
            Kind kind,
            String span,
            String tensor,
            long byteCount,
            long beganNanos,
            Event.Detail detail) {
        if (beganNanos != OFF && timeline.isOn()) {
            long duration = System.nanoTime() - beganNanos;
            timeline.record(
                    new Event(kind, name, span, tensor, byteCount, beganNanos, duration, detail));
        }
    }

    /**
     * Begins a collective, for the flight recorder too; to be ended.
     *
     * @param fused the tensors that it is of
     */
    public Span collective(long sequence, CollectiveCall call, FusedTensors fused) {
        boolean isFlightOn = COLLECTIVES.isEnabled();
        @Nullable Metrics metrics = timeline.metrics();
        if (!isFlightOn && !timeline.isOn() && metrics == null) {
            return Span.NONE;
        }
        CollectiveEvent flight = new CollectiveEvent();
        long bytes = byteCount(call);
        if (isFlightOn) {
            flight.tensor = call.name();
            flight.kind = call.kind().name();
            flight.bytes = bytes;
            flight.sequence = sequence;
            flight.tensors = fused.count();
            flight.names = fused.names();
            flight.begin();
        }
        return new Span(
                this,
                System.nanoTime(),
                call.kind().name(),
                call.name(),
                bytes,
                Event.Detail.collective(sequence, party, fused),
                isFlightOn ? flight : null,
                metrics,
                isOfNames);
    }

    /** Begins to wait for other ranks, for the flight recorder too; to be ended. */
    public Span waiting(String tensor) {
        boolean isFlightOn = WAITS.isEnabled();
        if (!isFlightOn && !timeline.isOn()) {
            return Span.NONE;
        }
        WaitEvent flight = new WaitEvent();
        if (isFlightOn) {
            flight.tensor = tensor;
            flight.begin();
        }
        return new Span(
                this,
                begin(),
                "WAIT",
                tensor,
                0,
                Event.Detail.NONE,
                isFlightOn ? flight : null,
                null,
                false);
    }

    /** What a rank contributes. */
    public static long byteCount(CollectiveCall call) {
        return call.elementCount() * call.type().byteCount();
    }
}
