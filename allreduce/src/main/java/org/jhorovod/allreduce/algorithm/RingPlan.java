package org.jhorovod.allreduce.algorithm;

import java.util.ArrayList;
import java.util.List;

/*
 * The ring, cut through [1, 2]. P ranks stand in a ring; each sends only to the next and receives
 * only from the previous.
 *
 * chunk   one of P nearly equal parts of a tensor, one per rank
 * step    the sending of one chunk to the next rank
 * segment the part of a chunk that happens to be in flight
 *
 * In step s a rank sends chunk (rank - s) mod P and receives chunk (rank - 1 - s) mod P: what it
 * receives in one step is what it sends in the next. So a rank's outgoing bytes are one stream, its
 * incoming bytes another, and the only rule is that the outgoing stream is never further ahead of
 * the incoming one than the first chunk is long. Nothing waits for the end of a step ("cut
 * through"), and the two links are always busy.
 *
 *   all-reduce   2(P-1) steps; the first P-1 add what arrives to what is there (then chunk
 *                (rank + 1) mod P is complete here), the rest replace it.
 *                2S(P-1)/P bytes sent per rank for a tensor of S bytes.
 *   all-gather   P-1 steps that replace; S(P-1)/P bytes.
 *   broadcast    one chunk, from the root around to the rank before it; S bytes.
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
 */
record RingPlan(
        List<Span> outgoing,
        List<Span> incoming,
        long headStart,
        long reducedBytes,
        long finishedFrom) {

    static RingPlan allReduce(int rank, int size, long elementCount, int elementBytes) {
        List<Span> outgoing = steps(rank, 2 * (size - 1), size, elementCount, elementBytes);
        List<Span> incoming =
                steps(rank + size - 1, 2 * (size - 1), size, elementCount, elementBytes);
        long headStart = chunk(rank, size, elementCount, elementBytes).byteCount();
        long reduced = totalBytes(incoming.subList(0, size - 1));
        long finishedFrom = totalBytes(incoming.subList(0, Math.max(0, size - 2)));
        return new RingPlan(outgoing, incoming, headStart, reduced, finishedFrom);
    }

    /** The tensor is the output of {@code size * elementCount} elements, this rank's part in it. */
    static RingPlan allGather(int rank, int size, long elementCount, int elementBytes) {
        long whole = elementCount * size;
        List<Span> outgoing = steps(rank, size - 1, size, whole, elementBytes);
        List<Span> incoming = steps(rank + size - 1, size - 1, size, whole, elementBytes);
        return new RingPlan(outgoing, incoming, elementCount * elementBytes, 0, 0);
    }

    static RingPlan broadcast(int rank, int size, int root, long byteCount) {
        List<Span> whole = List.of(new Span(0, byteCount));
        boolean receives = rank != root;
        boolean sends = (rank + 1) % size != root;
        return new RingPlan(
                sends ? whole : List.of(),
                receives ? whole : List.of(),
                receives ? 0 : byteCount,
                0,
                0);
    }

    /** One chunk; the first ones are an element longer where the count is no multiple of size. */
    static Span chunk(int index, int size, long elementCount, int elementBytes) {
        long quotient = elementCount / size;
        long remainder = elementCount % size;
        long start = index * quotient + Math.min(index, remainder);
        long count = quotient + (index < remainder ? 1 : 0);
        return new Span(start * elementBytes, count * elementBytes);
    }

    private static List<Span> steps(
            int firstChunk, int stepCount, int size, long elementCount, int elementBytes) {
        List<Span> spans = new ArrayList<>(stepCount);
        for (int step = 0; step < stepCount; step++) {
            int index = Math.floorMod(firstChunk - step, size);
            spans.add(chunk(index, size, elementCount, elementBytes));
        }
        return spans;
    }

    static long totalBytes(List<Span> spans) {
        return spans.stream().mapToLong(Span::byteCount).sum();
    }
}
