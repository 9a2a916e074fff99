package org.jhorovod.allreduce.backend.mpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jhorovod.allreduce.backend.host.Prescaling;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.Operation;

/*
 * MPI counts in 31 bits and takes one buffer. Where every rank's tensors are so, parts go straight
 * from one to the other. Else, and in each reduction, whose inputs stay as they are while MPI's
 * elements are ours changed, a slice after the other goes through memory of our own: the same range
 * of bytes of every part.
 */
/** MPI's collectives with a part for each rank, after the ranks have compared their calls. */
final class MpiParts {
    private static final ByteBuffer EMPTY = ByteBuffer.allocateDirect(1).limit(0);

    private final int rank;
    private final int size;
    private final MpiProcess mpi;
    private final MpiBindings bindings;
    private final WideStaging staging;
    private final Prescaling prescaling;
    // Allocated when they are needed first.
    private ByteBuffer from = EMPTY;
    private ByteBuffer to = EMPTY;

    MpiParts(MpiProcess mpi, WideStaging staging, Prescaling prescaling) {
        this.rank = mpi.rank();
        this.size = mpi.size();
        this.mpi = mpi;
        this.bindings = mpi.bindings();
        this.staging = staging;
        this.prescaling = prescaling;
    }

    /** Whether tensors have to go through in slices. */
    static boolean needSlices(HostTensor input, HostTensor output) {
        return isUnwieldy(input) || isUnwieldy(output);
    }

    private static boolean isUnwieldy(HostTensor tensor) {
        return HostPieces.isInPieces(tensor) || tensor.byteCount() > HostPieces.LARGEST;
    }

    private void allocate() {
        if (from.capacity() < HostPieces.STAGED) {
            from = ByteBuffer.allocateDirect(HostPieces.STAGED);
            to = ByteBuffer.allocateDirect(HostPieces.STAGED);
        }
    }

    private static ByteBuffer first(ByteBuffer memory, int byteCount) {
        return memory.slice(0, byteCount).order(ByteOrder.nativeOrder());
    }

    private static ByteBuffer whole(HostTensor tensor) {
        return tensor.byteCount() == 0 ? EMPTY : tensor.buffers().get(0);
    }

    /** How many bytes of each part are in a slice. */
    private static int[] lengths(Parts bytes, long start, int sliceBytes) {
        int[] lengths = new int[bytes.size()];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = (int) Math.min(sliceBytes, Math.max(0, bytes.count(i) - start));
        }
        return lengths;
    }

    private static int[] places(int[] lengths) {
        int[] places = new int[lengths.length];
        for (int i = 1; i < places.length; i++) {
            places[i] = places[i - 1] + lengths[i - 1];
        }
        return places;
    }

    /** Reads a slice of all parts; returns its length. */
    private static int read(
            HostTensor tensor, Parts bytes, long start, int[] lengths, ByteBuffer into) {
        int place = 0;
        for (int i = 0; i < lengths.length; i++) {
            HostPieces.read(tensor, bytes.offset(i) + start, into.slice(place, lengths[i]));
            place += lengths[i];
        }
        return place;
    }

    private static void write(
            ByteBuffer all, int[] lengths, HostTensor tensor, Parts bytes, long start) {
        int place = 0;
        for (int i = 0; i < lengths.length; i++) {
            HostPieces.write(all.slice(place, lengths[i]), tensor, bytes.offset(i) + start);
            place += lengths[i];
        }
    }

    private static Parts inBytes(Parts parts, DataType type) {
        return Parts.of(
                Arrays.stream(parts.counts()).map(count -> count * type.byteCount()).toArray());
    }

    /** Gathers the inputs of all ranks, each as long as its part, in rank order. */
    void allGather(
            Operation operation, HostTensor input, HostTensor output, Parts parts, boolean inSlices)
            throws MpiException {
        Parts bytes = inBytes(parts, output.type());
        Object type = bindings.type(MpiType.BYTE);
        if (!inSlices) {
            int[] all = lengths(bytes, 0, HostPieces.LARGEST);
            bindings.allGather(mpi.comm(), whole(input), whole(output), all, places(all), type);
            return;
        }
        allocate();
        int sliceBytes = HostPieces.STAGED / size;
        for (long start = 0; start < bytes.largest(); start += sliceBytes) {
            int[] lengths = lengths(bytes, start, sliceBytes);
            ByteBuffer own = first(from, lengths[rank]);
            HostPieces.read(input, start, own);
            bindings.allGather(mpi.comm(), own, to, lengths, places(lengths), type);
            write(to, lengths, output, bytes, start);
            operation.progressed();
        }
    }

    /** Sends a part of the input to each rank. */
    void allToAll(
            Operation operation,
            HostTensor input,
            HostTensor output,
            ExchangeCounts counts,
            boolean inSlices)
            throws MpiException {
        long[] sent = new long[size];
        long[] received = new long[size];
        for (int other = 0; other < size; other++) {
            sent[other] = counts.sent(rank, other);
            received[other] = counts.sent(other, rank);
        }
        Parts sentBytes = inBytes(Parts.of(sent), input.type());
        Parts receivedBytes = inBytes(Parts.of(received), input.type());
        if (!inSlices) {
            exchange(
                    whole(input),
                    lengths(sentBytes, 0, HostPieces.LARGEST),
                    whole(output),
                    lengths(receivedBytes, 0, HostPieces.LARGEST));
            return;
        }
        allocate();
        int sliceBytes = HostPieces.STAGED / size;
        long largest = counts.largest() * input.type().byteCount();
        for (long start = 0; start < largest; start += sliceBytes) {
            int[] out = lengths(sentBytes, start, sliceBytes);
            int[] in = lengths(receivedBytes, start, sliceBytes);
            read(input, sentBytes, start, out, from);
            exchange(from, out, to, in);
            write(to, in, output, receivedBytes, start);
            operation.progressed();
        }
    }

    private void exchange(ByteBuffer source, int[] out, ByteBuffer target, int[] in)
            throws MpiException {
        Object type = bindings.type(MpiType.BYTE);
        bindings.allToAll(mpi.comm(), source, out, places(out), target, in, places(in), type);
    }

    /** Reduces the inputs, and gives each rank its part. */
    void reduceScatter(
            Operation operation,
            HostTensor input,
            HostTensor output,
            Reduction reduction,
            Parts parts)
            throws MpiException {
        DataType type = input.type();
        Parts bytes = inBytes(parts, type);
        allocate();
        int most = Math.min(HostPieces.STAGED, WideStaging.blockBytes(type));
        int sliceBytes = most / size / type.byteCount() * type.byteCount();
        for (long start = 0; start < bytes.largest(); start += sliceBytes) {
            int[] lengths = lengths(bytes, start, sliceBytes);
            ByteBuffer elements = first(from, read(input, bytes, start, lengths, from));
            prescaling.apply(HostTensor.of(type, elements), reduction);
            reduce(type, reduction.op(), elements, lengths);
            HostPieces.write(first(elements, lengths[rank]), output, start);
            operation.progressed();
        }
    }

    /** Replaces the first elements by this rank's part; what is behind them may be anything. */
    private void reduce(DataType type, ReduceOp op, ByteBuffer elements, int[] lengths)
            throws MpiException {
        int[] counts = Arrays.stream(lengths).map(bytes -> bytes / type.byteCount()).toArray();
        DataType as = WideStaging.typeFor(type, op);
        if (as == type) {
            reduce(elements, counts, MpiReduction.of(type, op, size));
            return;
        }
        // A sum of bytes wraps around before it is divided, as in the wider types.
        boolean isDividedNarrow = op == ReduceOp.AVERAGE && !type.isFloatingPoint();
        MpiReduction how = MpiReduction.of(as, isDividedNarrow ? ReduceOp.SUM : op, size);
        staging.reduceWide(type, elements, wide -> reduce(wide, counts, how));
        if (isDividedNarrow) {
            Division.divide(type, first(elements, lengths[rank]), size);
        }
    }

    private void reduce(ByteBuffer elements, int[] counts, MpiReduction how) throws MpiException {
        how.before().apply(elements);
        bindings.reduceScatter(
                mpi.comm(), elements, counts, bindings.type(how.type()), bindings.op(how.op()));
        how.after().apply(first(elements, counts[rank] * how.type().byteCount()));
    }
}
