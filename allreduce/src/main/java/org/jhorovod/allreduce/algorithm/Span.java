package org.jhorovod.allreduce.algorithm;

import java.util.ArrayList;
import java.util.List;

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

    static long totalBytes(List<Span> spans) {
        return spans.stream().mapToLong(Span::byteCount).sum();
    }
}
