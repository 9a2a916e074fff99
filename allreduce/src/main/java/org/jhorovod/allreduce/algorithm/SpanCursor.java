package org.jhorovod.allreduce.algorithm;

import java.nio.ByteBuffer;
import java.util.List;
import org.jhorovod.allreduce.collective.HostTensor;

/** A position in a stream of bytes that is made of spans of a tensor, one after another. */
final class SpanCursor {
    private final HostTensor tensor;
    private final List<Span> spans;
    private final long totalBytes;
    private long position;
    private int index;
    private long offsetInSpan;

    SpanCursor(HostTensor tensor, List<Span> spans) {
        this.tensor = tensor;
        this.spans = spans;
        this.totalBytes = Span.totalBytes(spans);
    }

    long position() {
        return position;
    }

    long remaining() {
        return totalBytes - position;
    }

    boolean isAtEnd() {
        return position == totalBytes;
    }

    /** The tensor's memory from here on: at least one byte, within one span, at most as asked. */
    ByteBuffer view(long maxByteCount) {
        skipEmptySpans();
        Span span = spans.get(index);
        return tensor.view(
                span.byteOffset() + offsetInSpan,
                Math.min(maxByteCount, span.byteCount() - offsetInSpan));
    }

    /** Moves on by bytes that lie within one span. */
    void advance(long byteCount) {
        offsetInSpan += byteCount;
        position += byteCount;
        skipEmptySpans();
    }

    private void skipEmptySpans() {
        while (index < spans.size() && offsetInSpan == spans.get(index).byteCount()) {
            index++;
            offsetInSpan = 0;
        }
    }
}
