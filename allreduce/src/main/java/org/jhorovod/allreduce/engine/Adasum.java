package org.jhorovod.allreduce.engine;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.Operation;

/*
 * Adasum of P vectors of S bytes each [AdasumSegments], out of the collectives that every backend has:
 *
 *   all-to-all   gives each rank its segment of every vector; S(P-1)/P bytes sent per rank, and P/2 times
 *                that around a ring
 *   all-reduce   of the products of the segments' pairs, once for each of the log2 P levels; of float64
 *                elements that of the largest before
 *   all-gather   puts the segments together; S(P-1)/P bytes
 *
 * All ranks have the same products, each combines its segment alone, and all gather the same: the bits are
 * the same on all. Beside the tensor this takes S bytes, which are kept for the next, and 8 bytes for each of
 * its elements.
 */
/** Reduces a tensor by {@link ReduceOp#ADASUM}. Used by one thread at a time. */
final class Adasum {
    private final HostMemoryBackend host;
    private HostTensor memory = HostTensor.allocate(DataType.INT8, 0);

    Adasum(HostMemoryBackend host) {
        this.host = host;
    }

    /**
     * Replaces the tensor, which is of a floating-point type, on all ranks.
     *
     * @param rank this one
     * @param size how many there are
     */
    void run(Operation operation, HostTensor tensor, int rank, int size) {
        Parts parts = Parts.even(tensor.elementCount(), size);
        HostTensor received = scratch(tensor.type(), parts.count(rank) * size);
        host.allToAll(operation, tensor, received, counts(parts));
        double[][] vectors = new double[size][Math.toIntExact(parts.count(rank))];
        for (int from = 0; from < size; from++) {
            Float64Elements.read(received, from * parts.count(rank), vectors[from]);
        }
        AdasumSegments segments = new AdasumSegments(vectors);
        if (tensor.type() == DataType.FLOAT64) {
            segments.scale(reduced(operation, segments.largest(), ReduceOp.MAX));
        }
        while (!segments.areOne()) {
            segments.combine(reduced(operation, segments.products(), ReduceOp.SUM));
        }
        HostTensor own = scratch(tensor.type(), parts.count(rank));
        Float64Elements.write(segments.result(), own);
        host.allGather(operation, own, tensor, parts);
    }

    /** Each rank sends all others their segments, and has its own from all. */
    private static ExchangeCounts counts(Parts parts) {
        LongBuffer numbers = LongBuffer.allocate(2 * parts.size() * parts.size());
        for (int rank = 0; rank < parts.size(); rank++) {
            numbers.put(parts.counts());
            for (int from = 0; from < parts.size(); from++) {
                numbers.put(parts.count(rank));
            }
        }
        return new ExchangeCounts(parts.size(), numbers);
    }

    private double[] reduced(Operation operation, double[] own, ReduceOp op) {
        HostTensor numbers = HostTensor.allocate(DataType.FLOAT64, own.length);
        Float64Elements.write(own, numbers);
        host.allReduce(operation, numbers, Reduction.of(op));
        Float64Elements.read(numbers, 0, own);
        return own;
    }

    private HostTensor scratch(DataType type, long elementCount) {
        long byteCount = elementCount * type.byteCount();
        if (memory.byteCount() < byteCount) {
            memory = HostTensor.allocate(DataType.INT8, byteCount);
        }
        List<ByteBuffer> views = new ArrayList<>();
        for (long offset = 0; offset < byteCount; ) {
            ByteBuffer view = memory.view(offset, byteCount - offset);
            offset += view.remaining();
            views.add(view);
        }
        return HostTensor.of(type, views);
    }
}
