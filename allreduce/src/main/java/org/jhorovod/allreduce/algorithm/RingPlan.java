package org.jhorovod.allreduce.algorithm;

import java.util.ArrayList;
import java.util.List;

/*
 * The ring, cut through [1, 2]. P ranks stand in a ring; each sends only to the next and receives
 * only from the previous.
 *
 * chunk   one of P parts of a tensor, one per position in the ring; some may be empty
 * step    the sending of one chunk to the next rank
 * segment the part of a chunk that happens to be in flight
 *
 * A rank starts with some chunk, and goes down from one chunk to the one before it: in step s it
 * sends chunk (first - s) mod P and receives chunk (first - 1 - s) mod P. What it receives in one
 * step is what it sends in the next. So a rank's outgoing bytes are one stream, its incoming bytes
 * another, and the only rule is that the outgoing stream is never further ahead of the incoming one
 * than the first chunk is long. Nothing waits for the end of a step ("cut through"), and the two
 * links are always busy.
 *
 *   all-reduce      2(P-1) steps from the own chunk on; the first P-1 add what arrives to what is
 *                   there (then chunk position + 1 is complete here), the rest replace it.
 *                   2S(P-1)/P bytes sent per rank for equal chunks of a tensor of S bytes.
 *   reduce-scatter  P-1 steps that add, from chunk position - 1 on, so that the own chunk is
 *                   complete at the end; S(P-1)/P bytes.
 *   all-gather      P-1 steps that replace, from the own chunk on; S(P-1)/P bytes.
 *   exchange        for P = 2: all of the tensor at once, both ways; S bytes, and one step less.
 *   broadcast       one chunk, from the root around to the rank before it; S bytes.
 *
 * [1] Patarasuk, Yuan: Bandwidth optimal all-reduce algorithms for clusters of workstations,
 *     JPDC 69(2), 2009.
 * [2] Kermani, Kleinrock: Virtual cut-through, Computer Networks 3(4), 1979.
 */
/**
 * What one rank sends and receives in one collective over the ring.
 *
 * @param outgoing the spans of the tensor to send, in order
 * @param incoming the spans to receive, in order
 * @param headStart how many bytes may be sent before any has been received
 * @param reducedBytes how many bytes of the incoming stream are reduced into the tensor; what
 *     follows replaces it
 * @param finishedFrom from which byte of the incoming stream on a reduced element is complete, so
 *     that an average is divided there
 * @param overwritesSent whether a byte may be received only once the one in its place is sent
 */
record RingPlan(
        List<Span> outgoing,
        List<Span> incoming,
        long headStart,
        long reducedBytes,
        long finishedFrom,
        boolean overwritesSent) {

    /** Nothing goes around. */
    static final RingPlan NOTHING = new RingPlan(List.of(), List.of(), 0, 0, 0, false);

    /**
     * Two ranks send each other the whole, and each reduces it: as many bytes as around the ring,
     * in one phase. What arrives may overwrite only what has been sent.
     */
    static RingPlan exchange(long byteCount) {
        List<Span> whole = List.of(new Span(0, byteCount));
        return new RingPlan(whole, whole, byteCount, byteCount, 0, true);
    }

    /** Whether a reduce-scatter comes before an all-gather. */
    boolean isInHalves() {
        return reducedBytes > 0 && reducedBytes < receivedBytes();
    }

    /** How many bytes come in. */
    long receivedBytes() {
        return Span.totalBytes(incoming);
    }

    /** How many bytes may be sent now. */
    long sendable(SpanCursor sent, SpanCursor received) {
        return Math.min(sent.remaining(), headStart + received.position() - sent.position());
    }

    /** How many bytes may be received now: whole elements, where they are reduced. */
    long receivable(SpanCursor sent, SpanCursor received, int elementBytes) {
        if (!overwritesSent) {
            return received.remaining();
        }
        long free = sent.position() - received.position();
        return Math.min(received.remaining(), free / elementBytes * elementBytes);
    }

    /** Every chunk is reduced, and is on every rank at the end. */
    static RingPlan allReduce(int position, List<Span> chunks) {
        int ends = chunks.size() - 1;
        return of(chunks, position, 2 * ends, ends);
    }

    /** The chunk of this rank's position is reduced; the others are of no use at the end. */
    static RingPlan reduceScatter(int position, List<Span> chunks) {
        int ends = chunks.size() - 1;
        return of(chunks, position - 1, ends, ends);
    }

    /** Every rank has the chunk of its position, and at the end all of them. */
    static RingPlan allGather(int position, List<Span> chunks) {
        return of(chunks, position, chunks.size() - 1, 0);
    }

    static RingPlan broadcast(int position, int size, int root, long byteCount) {
        List<Span> whole = List.of(new Span(0, byteCount));
        boolean receives = position != root;
        boolean sends = (position + 1) % size != root;
        return new RingPlan(
                sends ? whole : List.of(),
                receives ? whole : List.of(),
                receives ? 0 : byteCount,
                0,
                0,
                false);
    }

    /** What goes out does not depend on what comes in. */
    static RingPlan step(List<Span> outgoing, List<Span> incoming) {
        return new RingPlan(outgoing, incoming, Span.totalBytes(outgoing), 0, 0, false);
    }

    private static RingPlan of(List<Span> chunks, int first, int steps, int reducingSteps) {
        List<Span> outgoing = steps(chunks, first, steps);
        List<Span> incoming = steps(chunks, first - 1, steps);
        long headStart = outgoing.isEmpty() ? 0 : outgoing.get(0).byteCount();
        long reduced = Span.totalBytes(incoming.subList(0, reducingSteps));
        int unfinished = Math.max(0, reducingSteps - 1);
        long finishedFrom = Span.totalBytes(incoming.subList(0, unfinished));
        return new RingPlan(outgoing, incoming, headStart, reduced, finishedFrom, false);
    }

    private static List<Span> steps(List<Span> chunks, int first, int steps) {
        List<Span> spans = new ArrayList<>(steps);
        for (int step = 0; step < steps; step++) {
            spans.add(chunks.get(Math.floorMod(first - step, chunks.size())));
        }
        return spans;
    }
}
