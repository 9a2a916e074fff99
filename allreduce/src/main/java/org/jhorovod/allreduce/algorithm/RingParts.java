package org.jhorovod.allreduce.algorithm;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.Operation;

/*
 * Collectives with a part for each of P ranks, around the ring; S bytes a rank in all.
 *
 * part   what one rank gets, or contributes, or sends to one other; some may be empty
 * slice  the same range of bytes of every part, for which there is scratch: what passes a rank
 *        without being its own must lie somewhere, and the inputs stay as they are
 *
 *   all-gather      P-1 steps; all parts but the next rank's pass each link: S(P-1)/P bytes for
 *                   equal parts. Parts travel straight between the outputs, without slices.
 *   reduce-scatter  P-1 steps a slice, as the first half of an all-reduce [RingPlan]; S(P-1)/P bytes
 *                   for equal parts. Part r is added up from rank r+1 on, around to rank r; in an
 *                   all-reduce from rank r on. So with more than two ranks the last bits of a
 *                   floating-point sum can differ from those of an all-reduce.
 *   all-to-all      each rank is joined to its neighbours alone, so that what is for others is
 *                   passed on: P-1 steps a slice. In the first a rank sends all of its parts, the
 *                   next rank's first; in each later one what has come in the step before, but for
 *                   the first part of it, which is its own. A part for the rank d places on passes d
 *                   links: S(P-1)/2 bytes sent per rank for equal parts, P/2 times the least.
 */
/** Reduce-scatter, all-gather of unequal parts and all-to-all, over the ring of all ranks. */
public final class RingParts {
    private final RingExchange exchange;
    private final SpanCopy copy;
    private final int position;
    private final int size;
    private final RingScratch scratch = new RingScratch();

    /** Over the ring of all ranks. */
    public RingParts(RingExchange exchange) {
        this.exchange = exchange;
        this.copy = new SpanCopy(exchange.kernel());
        this.position = exchange.ring().position();
        this.size = exchange.ring().size();
    }

    /** Gathers the inputs of all ranks, each as long as its part, in rank order. */
    public void allGather(Operation operation, HostTensor input, HostTensor output, Parts parts) {
        List<Span> spans = Span.of(parts, output.type().byteCount());
        Span whole = new Span(0, input.byteCount());
        SpanCopy.copy(input, whole, output, spans.get(position).byteOffset());
        RingPlan plan = RingPlan.allGather(position, spans);
        exchange.compareAndRun(operation, plan, output, ReduceOp.SUM, 1);
    }

    /** Reduces the inputs, which stay as they are; the output is this rank's part. */
    public void reduceScatter(
            Operation operation,
            HostTensor input,
            HostTensor output,
            Reduction reduction,
            Parts parts) {
        List<Span> spans = Span.of(parts, input.type().byteCount());
        long largest = parts.largest() * input.type().byteCount();
        long sliceBytes = RingScratch.blockBytes(size);
        for (long start = 0; start == 0 || start < largest; start += sliceBytes) {
            List<Span> slice = slice(spans, start, sliceBytes);
            reduceSlice(operation, input, slice, output, start, reduction);
        }
    }

    private static List<Span> slice(List<Span> spans, long start, long sliceBytes) {
        List<Span> slice = new ArrayList<>(spans.size());
        for (Span span : spans) {
            slice.add(span.slice(start, sliceBytes));
        }
        return slice;
    }

    private void reduceSlice(
            Operation operation,
            HostTensor input,
            List<Span> slice,
            HostTensor output,
            long start,
            Reduction reduction) {
        long others = Span.totalBytes(slice) - slice.get(position).byteCount();
        HostTensor work = scratch.behind(others, output);
        List<Span> chunks = new ArrayList<>(size);
        long free = output.byteCount();
        for (int rank = 0; rank < size; rank++) {
            Span part = slice.get(rank);
            long place = rank == position ? start : free;
            copy.copy(input, part, work, place, reduction);
            chunks.add(new Span(place, part.byteCount()));
            free += rank == position ? 0 : part.byteCount();
        }
        int divisor = reduction.op() == ReduceOp.AVERAGE ? size : 1;
        RingPlan plan = RingPlan.reduceScatter(position, chunks);
        run(operation, plan, work, reduction.op(), divisor, start == 0);
    }

    private void run(
            Operation operation,
            RingPlan plan,
            HostTensor tensor,
            ReduceOp op,
            int divisor,
            boolean isFirst) {
        if (isFirst) {
            exchange.compareAndRun(operation, plan, tensor, op, divisor);
        } else {
            exchange.run(operation, plan, tensor, op, divisor);
        }
    }

    /** Sends a part of the input to each rank; the inputs stay as they are. */
    public void allToAll(
            Operation operation, HostTensor input, HostTensor output, ExchangeCounts counts) {
        int elementBytes = input.type().byteCount();
        long largest = counts.largest() * elementBytes;
        long sliceBytes = RingScratch.blockBytes(2 * size);
        for (long start = 0; start == 0 || start < largest; start += sliceBytes) {
            RingRelay relay =
                    new RingRelay(position, counts, elementBytes, new Span(start, sliceBytes));
            HostTensor work = scratch.behind(relay.scratchBytes(), input, output);
            SpanCopy.copy(work, relay.ownFrom(), work, relay.ownTo());
            for (int step = 1; step < size; step++) {
                boolean isFirst = start == 0 && step == 1;
                run(operation, relay.step(step), work, ReduceOp.SUM, 1, isFirst);
            }
        }
    }
}
