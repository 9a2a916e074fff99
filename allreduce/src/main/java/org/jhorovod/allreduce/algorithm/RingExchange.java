package org.jhorovod.allreduce.algorithm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.Look;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.spi.Phase;
import org.jhorovod.allreduce.spi.ReductionKernel;
import org.jhorovod.allreduce.transport.Ring;
import org.jhorovod.allreduce.transport.RingLinks;
import org.jhorovod.allreduce.transport.Uninterrupted;

/**
 * One rank's part in what goes around a ring: sends one stream and receives another at the same
 * time, on the calling thread.
 */
public final class RingExchange {
    // Measured: smaller pieces cost system calls, larger ones fall out of the cache.
    private static final int SEGMENT_BYTES = 128 * 1024;

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

    ReductionKernel kernel() {
        return kernel;
    }

    /** Compares the call with that of the previous rank, and tells the next one of it. */
    void compareCalls(Operation operation) {
        run(new HeaderExchange(operation, self, ring.previousRank()), operation, Work.NONE);
    }

    /** Compares the calls, and carries out a plan on the way: nobody waits for a header alone. */
    void compareAndRun(
            Operation operation, RingPlan plan, HostTensor tensor, ReduceOp op, int divisor) {
        HeaderExchange headers = new HeaderExchange(operation, self, ring.previousRank());
        run(headers, operation, new Work(plan, tensor, op, divisor));
    }

    /**
     * Carries out a plan.
     *
     * @param divisor what an element is divided by once it is reduced; 1 for nothing
     */
    void run(Operation operation, RingPlan plan, HostTensor tensor, ReduceOp op, int divisor) {
        run(HeaderExchange.none(), operation, new Work(plan, tensor, op, divisor));
    }

    private void run(HeaderExchange headers, Operation operation, Work work) {
        try (Uninterrupted thread = new Uninterrupted()) {
            exchange(headers, operation, work, thread);
        } catch (WriteException e) {
            throw operation.linkEnded(ring.nextRank(), String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw operation.linkEnded(ring.previousRank(), String.valueOf(e.getMessage()));
        }
    }

    /** A plan, and what it is carried out on. */
    private record Work(RingPlan plan, HostTensor tensor, ReduceOp op, int divisor) {
        static final Work NONE =
                new Work(RingPlan.NOTHING, HostTensor.allocate(DataType.INT8, 0), ReduceOp.SUM, 1);
    }

    /** The link to the next rank is broken, not that from the previous one. */
    private static final class WriteException extends IOException {
        private static final long serialVersionUID = 1L;

        WriteException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /** What is on its way. */
    private record Flow(
            HeaderExchange headers,
            Operation operation,
            Work work,
            SpanCursor outgoing,
            SpanCursor incoming,
            Look look,
            Uninterrupted thread) {

        boolean isAtEnd() {
            return headers.areExchanged() && outgoing.isAtEnd() && incoming.isAtEnd();
        }
    }

    private void exchange(
            HeaderExchange headers, Operation operation, Work work, Uninterrupted thread)
            throws IOException {
        RingPlan plan = work.plan();
        SpanCursor outgoing = new SpanCursor(work.tensor(), plan.outgoing());
        SpanCursor incoming = new SpanCursor(work.tensor(), plan.incoming());
        staging.clear();
        Flow flow =
                new Flow(headers, operation, work, outgoing, incoming, operation.look(), thread);
        long beganNanos = operation.beginPhase();
        if (beganNanos == Operation.UNRECORDED || !plan.isInHalves()) {
            move(flow, Long.MAX_VALUE);
            return;
        }
        move(flow, plan.reducedBytes());
        operation.endPhase(Phase.RING_REDUCE_SCATTER, plan.reducedBytes(), beganNanos);
        long halfNanos = operation.beginPhase();
        move(flow, Long.MAX_VALUE);
        long gathered = plan.receivedBytes() - plan.reducedBytes();
        operation.endPhase(Phase.RING_ALL_GATHER, gathered, halfNanos);
    }

    /** Goes on until so many bytes have come in, or to the end. */
    private void move(Flow flow, long receivedBytes) throws IOException {
        HeaderExchange headers = flow.headers();
        SpanCursor outgoing = flow.outgoing();
        SpanCursor incoming = flow.incoming();
        RingPlan plan = flow.work().plan();
        int elementBytes = flow.work().tensor().type().byteCount();
        while (incoming.position() < receivedBytes && !flow.isAtEnd()) {
            int moved = 0;
            if (!headers.isSent()) {
                moved += write(headers.outgoing());
            }
            long sendable = headers.isSent() ? plan.sendable(outgoing, incoming) : 0;
            if (sendable > 0) {
                moved += send(outgoing, sendable);
            }
            long receivable = plan.receivable(outgoing, incoming, elementBytes);
            if (!headers.isReceived()) {
                moved += headers.received(read(headers.incoming()));
            } else if (receivable > 0) {
                moved +=
                        incoming.position() < plan.reducedBytes()
                                ? receiveAndReduce(incoming, receivable, flow.work())
                                : receiveInPlace(incoming);
            }
            if (moved > 0) {
                flow.operation().progressed();
                flow.look().restart();
            } else if (!flow.look().again()) {
                boolean toRead = !headers.isReceived() || receivable > 0;
                awaitReady(flow, toRead, !headers.isSent() || sendable > 0);
            }
        }
    }

    private void awaitReady(Flow flow, boolean toRead, boolean toWrite) throws IOException {
        int from = toRead ? ring.previousRank() : -1;
        int to = toWrite ? ring.nextRank() : -1;
        links.awaitReady(toRead, toWrite, flow.operation().allowedWaitNanos(from, to));
        flow.thread().putOff();
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
    private int receiveAndReduce(SpanCursor incoming, long receivable, Work work)
            throws IOException {
        boolean isFinal = incoming.position() >= work.plan().finishedFrom();
        ByteBuffer target = incoming.view(Math.min(receivable, SEGMENT_BYTES));
        staging.limit(target.remaining());
        int bytes = read(staging);
        int elementBytes = work.tensor().type().byteCount();
        int wholeBytes = staging.position() / elementBytes * elementBytes;
        if (wholeBytes > 0) {
            int end = staging.position();
            staging.flip().limit(wholeBytes);
            target.limit(wholeBytes);
            kernel.reduce(
                    work.tensor().type(),
                    work.op(),
                    inRankOrder(target, work.plan()),
                    List.of(target),
                    isFinal ? work.divisor() : 1);
            staging.limit(end).position(wholeBytes);
            staging.compact();
            incoming.advance(wholeBytes);
        } else {
            staging.limit(staging.capacity());
        }
        return bytes;
    }

    /** Two ranks that both reduce everything get the same bits, NaN's too, from the same order. */
    private List<ByteBuffer> inRankOrder(ByteBuffer own, RingPlan plan) {
        boolean isOwnLast = plan.overwritesSent() && ring.position() == 1;
        return isOwnLast ? List.of(staging, own) : List.of(own, staging);
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
