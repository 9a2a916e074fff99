package org.jhorovod.allreduce.algorithm;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.spi.Phase;
import org.jhorovod.allreduce.spi.ReductionKernel;
import org.jhorovod.allreduce.transport.shm.RegisteredSegments;
import org.jhorovod.allreduce.transport.shm.SharedSegment;

/*
 * P ranks read each other's memory, in rounds [SharedGroup].
 *
 * slice   the part of a tensor that goes through the slots in one round
 * shard   one of P parts of a slice, reduced by one rank
 *
 * All-reduce of little: every rank lays down the whole, and after one round reduces all of them by
 * itself. P times the work, and one wait.
 *
 * All-reduce of more: direct reduce-scatter and all-gather, both in one round. In round k a rank
 *   lays down its part of the others' shards of slice k,
 *   waits until all have,
 *   takes the others' results of slice k-1,
 *   and reduces its own shard of slice k; the others take the result in round k+1.
 * So there is one wait for each slice, and one more at the end. S(P-1)/P bytes are laid down, S/P
 * written as results and S(P-1)/P taken, all while they are in the cache.
 *
 * All-reduce in place, where the tensors of all ranks lie in registered memory: each rank reads its
 * shard of the whole from all ranks' memory, and writes the result into all of them. Two waits, and
 * nothing is copied.
 *
 * Elements are reduced in the order of the ranks, whoever does it: the bits of a sum do not depend
 * on how a tensor is cut.
 */
/** The collectives of ranks that share memory. Used by the engine's thread. */
public final class SharedCollectives implements AllReduce {
    private static final int WHOLE_BYTES = 32 << 10;
    private static final long PIECE_BYTES = 1 << 20;
    private static final int ORDINARY = -1;

    private final SharedRounds rounds;
    private final RegisteredSegments registered;
    private final ReductionKernel kernel;
    private final int position;
    private final int size;
    // Results lie behind what is laid down: others may take those of the round before still while
    // this rank lays down for the next one, perhaps of another collective.
    private final SharedLayout layout;

    /**
     * Over the rounds of a group of all ranks.
     *
     * @param registered the memory that is reduced in place
     */
    public SharedCollectives(
            SharedRounds rounds, RegisteredSegments registered, ReductionKernel kernel) {
        this.rounds = rounds;
        this.registered = registered;
        this.kernel = kernel;
        this.position = rounds.position();
        this.size = rounds.size();
        this.layout = SharedLayout.of(rounds.payloadBytes(), size);
    }

    @Override
    public void allReduce(Operation operation, HostTensor tensor, ReduceOp op) {
        int divisor = op == ReduceOp.AVERAGE ? size : 1;
        if (tensor.byteCount() <= Math.min(WHOLE_BYTES, layout.placeOfResult())) {
            reduceWhole(operation, tensor, op, divisor);
        } else {
            reduceLarge(operation, tensor, op, divisor);
        }
    }

    private void reduceLarge(Operation operation, HostTensor tensor, ReduceOp op, int divisor) {
        int number = tensor.registration().orElse(ORDINARY);
        // Looked up once: what is closed in the meantime is used to the end.
        List<SharedSegment> segments = registered.find(number);
        if (segments.isEmpty()) {
            number = ORDINARY;
            layDownForOthers(tensor, shards(tensor, 0));
        }
        switch (rounds.exchangeFirst(operation, number, tensor.registrationOffset())) {
            case SAME -> reduceInPlace(operation, segments, tensor, op, divisor);
            case ORDINARY -> reduceInSlices(operation, tensor, op, divisor, true);
            case MIXED -> reduceInSlices(operation, tensor, op, divisor, false);
        }
    }

    private void reduceInPlace(
            Operation operation,
            List<SharedSegment> segments,
            HostTensor tensor,
            ReduceOp op,
            int divisor) {
        Span whole = new Span(tensor.registrationOffset(), tensor.byteCount());
        Span own = whole.split(size, tensor.type().byteCount()).get(position);
        long beganNanos = operation.beginPhase();
        for (long done = 0; done < own.byteCount(); ) {
            long offset = own.byteOffset() + done;
            long left = Math.min(PIECE_BYTES, own.byteCount() - done);
            List<ByteBuffer> views =
                    segments.stream().map(segment -> segment.view(offset, left)).toList();
            kernel.reduce(tensor.type(), op, views, views, divisor);
            operation.progressed();
            done += views.get(0).remaining();
        }
        operation.endPhase(Phase.SHARED_MEMORY_REDUCE, own.byteCount(), beganNanos);
        rounds.exchange(operation);
    }

    private void reduceWhole(Operation operation, HostTensor tensor, ReduceOp op, int divisor) {
        Span whole = new Span(0, tensor.byteCount());
        rounds.layDown(tensor, whole, 0);
        rounds.exchangeFirst(operation);
        long beganNanos = operation.beginPhase();
        for (long done = 0; done < whole.byteCount(); ) {
            ByteBuffer piece = tensor.view(done, whole.byteCount() - done);
            List<ByteBuffer> inputs = new ArrayList<>(size);
            for (int rank = 0; rank < size; rank++) {
                inputs.add(rounds.payload(rank, (int) done, piece.remaining()));
            }
            kernel.reduce(tensor.type(), op, inputs, List.of(piece), divisor);
            done += piece.remaining();
        }
        operation.endPhase(Phase.SHARED_MEMORY_REDUCE, whole.byteCount(), beganNanos);
    }

    /** With or without its first exchange already done. */
    private void reduceInSlices(
            Operation operation, HostTensor tensor, ReduceOp op, int divisor, boolean isBegun) {
        long sliceBytes = layout.sliceBytes();
        List<Span> before = List.of();
        for (long offset = 0; offset < tensor.byteCount(); offset += sliceBytes) {
            List<Span> shards = shards(tensor, offset);
            if (offset > 0 || !isBegun) {
                layDownForOthers(tensor, shards);
                rounds.exchange(operation);
            }
            takeResults(tensor, before);
            reduceOwn(tensor, shards.get(position), op, divisor);
            before = shards;
        }
        rounds.exchange(operation);
        takeResults(tensor, before);
    }

    /** Those of the slice that starts at an offset. */
    private List<Span> shards(HostTensor tensor, long offset) {
        long bytes = Math.min(layout.sliceBytes(), tensor.byteCount() - offset);
        return new Span(offset, bytes).split(size, tensor.type().byteCount());
    }

    private void layDownForOthers(HostTensor tensor, List<Span> shards) {
        for (int other = 0; other < size; other++) {
            if (other != position) {
                rounds.layDown(tensor, shards.get(other), layout.placeOf(other, position));
            }
        }
    }

    private void takeResults(HostTensor tensor, List<Span> shards) {
        for (int other = 0; other < shards.size(); other++) {
            if (other != position) {
                rounds.takeAdded(other, layout.placeOfResult(), tensor, shards.get(other));
            }
        }
    }

    private void reduceOwn(HostTensor tensor, Span shard, ReduceOp op, int divisor) {
        for (long done = 0; done < shard.byteCount(); ) {
            ByteBuffer own = tensor.view(shard.byteOffset() + done, shard.byteCount() - done);
            int bytes = own.remaining();
            List<ByteBuffer> inputs = new ArrayList<>(size);
            for (int rank = 0; rank < size; rank++) {
                int place = layout.placeOf(position, rank) + (int) done;
                inputs.add(rank == position ? own : rounds.payload(rank, place, bytes));
            }
            ByteBuffer result =
                    rounds.payload(position, layout.placeOfResult() + (int) done, bytes);
            kernel.reduce(tensor.type(), op, inputs, List.of(own, result), divisor);
            done += bytes;
        }
    }

    /** Replaces the tensor by that of the root. */
    public void broadcast(Operation operation, HostTensor tensor, int root) {
        forSlices(
                operation,
                tensor.byteCount(),
                slice -> {
                    if (root == position) {
                        rounds.layDown(tensor, slice, 0);
                    }
                },
                slice -> {
                    if (root != position) {
                        rounds.take(root, 0, tensor, slice);
                    }
                });
    }

    /** Gathers the inputs of all ranks in rank order. */
    public void allGather(Operation operation, HostTensor input, HostTensor output) {
        forSlices(
                operation,
                input.byteCount(),
                slice -> rounds.layDown(input, slice, 0),
                slice -> {
                    for (int rank = 0; rank < size; rank++) {
                        long offset = rank * input.byteCount() + slice.byteOffset();
                        rounds.take(rank, 0, output, new Span(offset, slice.byteCount()));
                    }
                });
    }

    /** Compares the call with those of all ranks, which have come to it then. */
    public void compareCalls(Operation operation) {
        rounds.exchangeFirst(operation);
    }

    /** What a rank does with a slice before or after its round. */
    private interface Part {
        void of(Span slice);
    }

    private void forSlices(Operation operation, long byteCount, Part before, Part after) {
        long offset = 0;
        do {
            Span slice = new Span(offset, Math.min(layout.placeOfResult(), byteCount - offset));
            before.of(slice);
            if (offset == 0) {
                rounds.exchangeFirst(operation);
            } else {
                rounds.exchange(operation);
            }
            after.of(slice);
            offset += slice.byteCount();
        } while (offset < byteCount);
    }
}
