package org.jhorovod.allreduce.algorithm;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.spi.ExchangeCounts;

/**
 * Where the bytes of one slice of an all-to-all lie on one rank, step by step: in a tensor that is
 * the input, the output and the scratch one behind another. What comes in a step goes out in the
 * next one, so the scratch has two halves, used by turns.
 */
final class RingRelay {
    private final int position;
    private final int size;
    private final ExchangeCounts counts;
    private final int elementBytes;
    private final Span slice;
    private final ExchangeSpans spans;
    private final long scratchOffset;
    private final long halfBytes;

    /**
     * For a rank of the ring.
     *
     * @param slice which bytes of each part travel now
     */
    RingRelay(int position, ExchangeCounts counts, int elementBytes, Span slice) {
        this.position = position;
        this.size = counts.size();
        this.counts = counts;
        this.elementBytes = elementBytes;
        this.slice = slice;
        this.spans = ExchangeSpans.of(position, counts, elementBytes);
        this.scratchOffset = spans.sentBytes() + spans.receivedBytes();
        this.halfBytes = longestStep();
    }

    private long longestStep() {
        long longest = 0;
        for (int step = 1; step < size; step++) {
            long bytes = 0;
            for (int ahead = 1; ahead < size - step; ahead++) {
                bytes += passedOn(step, ahead);
            }
            longest = Math.max(longest, bytes);
        }
        return longest;
    }

    /** How many bytes come in a step for the rank so many places ahead. */
    private long passedOn(int step, int ahead) {
        int from = Math.floorMod(position - step, size);
        int to = (position + ahead) % size;
        return cut(new Span(0, counts.sent(from, to) * elementBytes)).byteCount();
    }

    private Span cut(Span part) {
        return part.slice(slice.byteOffset(), slice.byteCount());
    }

    /** Where in the tensor what a rank sends here goes. */
    private Span received(int from) {
        Span part = cut(spans.received().get(from));
        return new Span(spans.sentBytes() + part.byteOffset(), part.byteCount());
    }

    /** How much scratch there must be. */
    long scratchBytes() {
        return 2 * halfBytes;
    }

    /** What this rank sends to itself. */
    Span ownFrom() {
        return cut(spans.sent().get(position));
    }

    /** Where that goes. */
    long ownTo() {
        return received(position).byteOffset();
    }

    /** What goes to the next rank and comes from the previous one in a step, from 1. */
    RingPlan step(int step) {
        List<Span> outgoing =
                step == 1 ? ownParts() : incoming(step - 1).subList(1, size - step + 1);
        return RingPlan.step(outgoing, incoming(step));
    }

    private List<Span> ownParts() {
        List<Span> parts = new ArrayList<>(size);
        for (int ahead = 1; ahead < size; ahead++) {
            parts.add(cut(spans.sent().get((position + ahead) % size)));
        }
        return parts;
    }

    /** First the part that is for this rank, then those for the ranks ahead. */
    private List<Span> incoming(int step) {
        List<Span> parts = new ArrayList<>(size);
        parts.add(received(Math.floorMod(position - step, size)));
        long offset = scratchOffset + (step & 1) * halfBytes;
        for (int ahead = 1; ahead < size - step; ahead++) {
            long bytes = passedOn(step, ahead);
            parts.add(new Span(offset, bytes));
            offset += bytes;
        }
        return parts;
    }
}
