package org.jhorovod.allreduce.algorithm;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Parts;

/**
 * A run of bytes of a tensor.
 *
 * @param byteOffset where it starts
 * @param byteCount how long it is; may be 0
 */
record Span(long byteOffset, long byteCount) {

    /** Cuts between elements into nearly equal parts: the first ones may be an element longer. */
    List<Span> split(int parts, int elementBytes) {
        long elementCount = byteCount / elementBytes;
        long quotient = elementCount / parts;
        long remainder = elementCount % parts;
        List<Span> spans = new ArrayList<>(parts);
        long offset = byteOffset;
        for (int index = 0; index < parts; index++) {
            long bytes = (quotient + (index < remainder ? 1 : 0)) * elementBytes;
            spans.add(new Span(offset, bytes));
            offset += bytes;
        }
        return spans;
    }

    /** The places of parts that lie one after another, by rank. */
    static List<Span> of(Parts parts, int elementBytes) {
        List<Span> spans = new ArrayList<>(parts.size());
        for (int rank = 0; rank < parts.size(); rank++) {
            spans.add(
                    new Span(parts.offset(rank) * elementBytes, parts.count(rank) * elementBytes));
        }
        return spans;
    }

    /** At most so many of its bytes, from one of them on; none behind its end. */
    Span slice(long start, long maxByteCount) {
        long skipped = Math.min(start, byteCount);
        return new Span(byteOffset + skipped, Math.min(maxByteCount, byteCount - skipped));
    }

    static long totalBytes(List<Span> spans) {
        return spans.stream().mapToLong(Span::byteCount).sum();
    }
}
