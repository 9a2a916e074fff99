package org.jhorovod.allreduce.algorithm;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToLongFunction;
import org.jhorovod.allreduce.spi.ExchangeCounts;

/**
 * Where on one rank the parts of an all-to-all lie.
 *
 * @param sent what each rank is sent, in the input
 * @param received what each rank sends here, in the output
 */
record ExchangeSpans(List<Span> sent, List<Span> received) {

    static ExchangeSpans of(int position, ExchangeCounts counts, int elementBytes) {
        int size = counts.size();
        return new ExchangeSpans(
                spans(size, rank -> counts.sent(position, rank) * elementBytes),
                spans(size, rank -> counts.sent(rank, position) * elementBytes));
    }

    private static List<Span> spans(int size, IntToLongFunction byteCount) {
        List<Span> spans = new ArrayList<>(size);
        long offset = 0;
        for (int rank = 0; rank < size; rank++) {
            Span span = new Span(offset, byteCount.applyAsLong(rank));
            spans.add(span);
            offset += span.byteCount();
        }
        return spans;
    }

    long sentBytes() {
        return Span.totalBytes(sent);
    }

    long receivedBytes() {
        return Span.totalBytes(received);
    }
}
