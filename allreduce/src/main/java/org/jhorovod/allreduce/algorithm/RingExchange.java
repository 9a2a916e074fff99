package org.jhorovod.allreduce.algorithm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.spi.ReductionKernel;
import org.jhorovod.allreduce.transport.Ring;
import org.jhorovod.allreduce.transport.RingLinks;

/**
 * One rank's part in what goes around a ring: sends one stream and receives another at the same
 * time, on the calling thread.
 */
public final class RingExchange {
    // Measured: smaller pieces cost system calls, larger ones fall out of the cache.
    private static final int SEGMENT_BYTES = 64 * 1024;

    private final Ring ring;
    private final String self;
    private final RingLinks links;
    private final ReductionKernel kernel;
    private final ByteBuffer staging =
            ByteBuffer.allocateDirect(SEGMENT_BYTES).order(ByteOrder.nativeOrder());

    /**
     * Uses links and kernel until the caller closes them.
     *
     * @param self this rank for messages
     */
    public RingExchange(Ring ring, Topology self, RingLinks links, ReductionKernel kernel) {
        this.ring = ring;
        this.self = self.describe();
        this.links = links;
        this.kernel = kernel;
    }

    Ring ring() {
        return ring;
    }

    /** Compares the call with that of the previous rank, and tells the next one of it. */
    void compareCalls(Operation operation) {
        run(operation, () -> exchangeHeaders(operation));
    }

    /**
     * Carries out a plan.
     *
     * @param divisor what an element is divided by once it is reduced; 1 for nothing
     */
    void run(Operation operation, RingPlan plan, HostTensor tensor, ReduceOp op, int divisor) {
        run(operation, () -> exchange(operation, plan, tensor, op, divisor));
    }

    /** What talks to the neighbours. */
    private interface Talk {
        void run() throws IOException;
    }

    private void run(Operation operation, Talk talk) {
        try {
            talk.run();
        } catch (WriteException e) {
            throw operation.linkEnded(ring.nextRank(), String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw operation.linkEnded(ring.previousRank(), String.valueOf(e.getMessage()));
        }
    }

    /** The link to the next rank is broken, not that from the previous one. */
    private static final class WriteException extends IOException {
        private static final long serialVersionUID = 1L;

        WriteException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    private void exchangeHeaders(Operation operation) throws IOException {
        CallHeader mine =
                new CallHeader(operation.generation(), operation.sequence(), operation.call());
        ByteBuffer outgoing = mine.encode();
        ByteBuffer length = ByteBuffer.allocate(CallHeader.LENGTH_BYTES);
        ByteBuffer body = length;
        boolean isLengthKnown = false;
        while (outgoing.hasRemaining() || body.hasRemaining()) {
            int moved = write(outgoing) + read(body);
            if (!isLengthKnown && !length.hasRemaining()) {
                isLengthKnown = true;
                body = ByteBuffer.allocate(CallHeader.announcedLength(length));
            } else if (moved == 0) {
                links.awaitReady(
                        body.hasRemaining(), outgoing.hasRemaining(), operation.allowedWaitNanos());
            }
        }
        CallHeader theirs = CallHeader.decode(body.flip());
        if (!theirs.equals(mine)) {
            throw mine.mismatch(self, ring.previousRank(), theirs);
        }
    }

    private void exchange(
            Operation operation, RingPlan plan, HostTensor tensor, ReduceOp op, int divisor)
            throws IOException {
        SpanCursor outgoing = new SpanCursor(tensor, plan.outgoing());
        SpanCursor incoming = new SpanCursor(tensor, plan.incoming());
        staging.clear();
        while (!outgoing.isAtEnd() || !incoming.isAtEnd()) {
            long sendable =
                    Math.min(
                            outgoing.remaining(),
                            plan.headStart() + incoming.position() - outgoing.position());
            int moved = sendable > 0 ? send(outgoing, sendable) : 0;
            if (!incoming.isAtEnd()) {
                moved +=
                        incoming.position() < plan.reducedBytes()
                                ? receiveAndReduce(incoming, plan, tensor, op, divisor)
                                : receiveInPlace(incoming);
            }
            if (moved > 0) {
                operation.progressed();
            } else {
                links.awaitReady(!incoming.isAtEnd(), sendable > 0, operation.allowedWaitNanos());
            }
        }
    }

    private int send(SpanCursor outgoing, long sendable) throws IOException {
        int bytes = write(outgoing.view(Math.min(sendable, SEGMENT_BYTES)));
        outgoing.advance(bytes);
        return bytes;
    }

    private int receiveInPlace(SpanCursor incoming) throws IOException {
        int bytes = read(incoming.view(SEGMENT_BYTES));
        incoming.advance(bytes);
        return bytes;
    }

    /** Reads into the staging buffer and reduces the whole elements in it. */
    private int receiveAndReduce(
            SpanCursor incoming, RingPlan plan, HostTensor tensor, ReduceOp op, int divisor)
            throws IOException {
        boolean isFinal = incoming.position() >= plan.finishedFrom();
        ByteBuffer target = incoming.view(SEGMENT_BYTES);
        staging.limit(target.remaining());
        int bytes = read(staging);
        int elementBytes = tensor.type().byteCount();
        int wholeBytes = staging.position() / elementBytes * elementBytes;
        if (wholeBytes > 0) {
            int end = staging.position();
            staging.flip().limit(wholeBytes);
            target.limit(wholeBytes);
            kernel.reduce(
                    tensor.type(),
                    op,
                    List.of(target, staging),
                    List.of(target),
                    isFinal ? divisor : 1);
            staging.limit(end).position(wholeBytes);
            staging.compact();
            incoming.advance(wholeBytes);
        } else {
            staging.limit(staging.capacity());
        }
        return bytes;
    }

    private int write(ByteBuffer source) throws IOException {
        try {
            return source.hasRemaining() ? links.write(source) : 0;
        } catch (IOException e) {
            throw new WriteException(e);
        }
    }

    private int read(ByteBuffer target) throws IOException {
        if (!target.hasRemaining()) {
            return 0;
        }
        int bytes = links.read(target);
        if (bytes < 0) {
            throw new IOException("it closed its link");
        }
        return bytes;
    }
}
