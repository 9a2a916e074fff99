package org.jhorovod.allreduce.algorithm;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.spi.ReductionKernel;

/*
 * Collectives with a part for each of P ranks that read each other's memory, in rounds [SharedGroup];
 * S bytes a rank in all. A slice is the same range of bytes of every part, as much as goes through
 * the slots in one round. One wait for each slice, and none at the end.
 *
 *   all-gather      a rank lays down its part, and takes all others
 *   reduce-scatter  a rank lays down the others' parts, and reduces its own from all ranks, in the
 *                   order of the ranks: the same bits as an all-reduce. S(P-1)/P bytes laid down.
 *   all-to-all      a rank lays down what is for the others, and takes what is for it
 */
/** Reduce-scatter, all-gather of unequal parts and all-to-all, of ranks that share memory. */
public final class SharedParts {
    private final SharedRounds rounds;
    private final ReductionKernel kernel;
    private final SpanCopy copy;
    private final int position;
    private final int size;
    private final SharedLayout layout;

    /** Over the rounds of a group of all ranks. */
    public SharedParts(SharedRounds rounds, ReductionKernel kernel) {
        this.rounds = rounds;
        this.kernel = kernel;
        this.copy = new SpanCopy(kernel);
        this.position = rounds.position();
        this.size = rounds.size();
        this.layout = SharedLayout.of(rounds.payloadBytes(), size);
    }

    private void exchange(Operation operation, boolean isFirst) {
        if (isFirst) {
            rounds.exchangeFirst(operation);
        } else {
            rounds.exchange(operation);
        }
    }

    /** Gathers the inputs of all ranks, each as long as its part, in rank order. */
    public void allGather(Operation operation, HostTensor input, HostTensor output, Parts parts) {
        List<Span> spans = Span.of(parts, output.type().byteCount());
        Span own = new Span(0, input.byteCount());
        long largest = parts.largest() * output.type().byteCount();
        long sliceBytes = layout.placeOfResult();
        for (long start = 0; start == 0 || start < largest; start += sliceBytes) {
            rounds.layDown(input, own.slice(start, sliceBytes), 0);
            exchange(operation, start == 0);
            for (int rank = 0; rank < size; rank++) {
                rounds.take(rank, 0, output, spans.get(rank).slice(start, sliceBytes));
            }
        }
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
        long sliceBytes = layout.shardBytes();
        for (long start = 0; start == 0 || start < largest; start += sliceBytes) {
            for (int other = 0; other < size; other++) {
                if (other != position) {
                    Span part = spans.get(other).slice(start, sliceBytes);
                    layDownScaled(input, part, layout.placeOf(other, position), reduction);
                }
            }
            exchange(operation, start == 0);
            Span own = spans.get(position).slice(start, sliceBytes);
            copy.copy(input, own, output, start, reduction);
            reduceOwn(output, new Span(start, own.byteCount()), reduction.op());
        }
    }

    private void layDownScaled(HostTensor input, Span part, int place, Reduction reduction) {
        rounds.layDown(input, part, place);
        copy.scale(input, rounds.laidDown(place, (int) part.byteCount()), reduction);
    }

    /** Reduces what the others have laid down into a part of the output, which has this rank's. */
    private void reduceOwn(HostTensor output, Span part, ReduceOp op) {
        int divisor = op == ReduceOp.AVERAGE ? size : 1;
        for (long done = 0; done < part.byteCount(); ) {
            ByteBuffer own = output.view(part.byteOffset() + done, part.byteCount() - done);
            List<ByteBuffer> inputs = new ArrayList<>(size);
            for (int rank = 0; rank < size; rank++) {
                int place = layout.placeOf(position, rank) + (int) done;
                inputs.add(rank == position ? own : rounds.payload(rank, place, own.remaining()));
            }
            kernel.reduce(output.type(), op, inputs, List.of(own), divisor);
            done += own.remaining();
        }
    }

    /** Sends a part of the input to each rank; the inputs stay as they are. */
    public void allToAll(
            Operation operation, HostTensor input, HostTensor output, ExchangeCounts counts) {
        int elementBytes = input.type().byteCount();
        long largest = counts.largest() * elementBytes;
        long sliceBytes = layout.shardBytes();
        ExchangeSpans spans = ExchangeSpans.of(position, counts, elementBytes);
        List<Span> received = spans.received();
        Span own = spans.sent().get(position);
        SpanCopy.copy(input, own, output, received.get(position).byteOffset());
        for (long start = 0; start == 0 || start < largest; start += sliceBytes) {
            for (int other = 0; other < size; other++) {
                if (other != position) {
                    Span part = spans.sent().get(other).slice(start, sliceBytes);
                    rounds.layDown(input, part, layout.placeOf(other, position));
                }
            }
            exchange(operation, start == 0);
            for (int other = 0; other < size; other++) {
                if (other != position) {
                    Span part = received.get(other).slice(start, sliceBytes);
                    rounds.take(other, layout.placeOf(position, other), output, part);
                }
            }
        }
    }
}
