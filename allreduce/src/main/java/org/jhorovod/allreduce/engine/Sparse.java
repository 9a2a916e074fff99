package org.jhorovod.allreduce.engine;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.backend.host.JavaReductionKernel;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.SparseRows;
import org.jhorovod.allreduce.negotiation.Request;
import org.jhorovod.allreduce.negotiation.Step;
import org.jhorovod.allreduce.spi.ReductionKernel;

/*
 * Rows that are named by indices are gathered from all ranks, indices first, and then summed on each:
 * S(P-1) bytes sent per rank for S bytes on each, which is less than an all-reduce of the dense tensor
 * where the rows are few. All ranks sum the same rows in the same order, and have the same bits.
 */
/** The sum or average of rows that are named by indices. */
final class Sparse {

    private Sparse() {}

    /** A sparse all-reduce. */
    static NamedCall<SparseRows> reducing(
            String name, SparseRows rows, Reduction reduction, int size) {
        require(name, rows, reduction, size);
        String parts = Request.byRowsWith(rows.indices().type());
        return new NamedCall<>(
                Rows.request(Kind.SPARSE_ALL_REDUCE, name, rows.values(), reduction, parts),
                Named.of(
                        (on, entry, takingPart) -> reduce(on, entry, rows, reduction, takingPart)));
    }

    /** Refuses at the call what cannot be summed. */
    private static void require(String name, SparseRows rows, Reduction reduction, int size) {
        if (reduction.op() != ReduceOp.SUM && reduction.op() != ReduceOp.AVERAGE) {
            throw new IllegalArgumentException(
                    "The sparse all-reduce of '%s' asks for %s, but rows that are not there are 0: only SUM and AVERAGE have a meaning."
                            .formatted(name, reduction.op()));
        }
        reduction.requireMeaning(name, rows.values());
        rows.indices().requireOpen();
        if (rows.rowCount() > Integer.MAX_VALUE / size) {
            throw new IllegalArgumentException(
                    "The sparse all-reduce of '%s' has %d rows on this rank, but %d ranks take at most %d each. Reduce them in parts."
                            .formatted(name, rows.rowCount(), size, Integer.MAX_VALUE / size));
        }
    }

    /** The rows of all ranks. */
    static SparseRows reduce(
            Communicator lane,
            Step.Entry entry,
            SparseRows own,
            Reduction reduction,
            int takingPart) {
        SparseRows all = gather(lane, entry, own.indices(), scaled(own.values(), reduction));
        int divisor = reduction.op() == ReduceOp.AVERAGE ? takingPart : 1;
        SparseRows sums = new SparseSum(all, divisor).rows(own.indices().type());
        new Postscaling().apply(sums.values(), reduction.postscale());
        return sums;
    }

    /** Takes part in it without rows. */
    static void takePart(Communicator lane, Step.Entry entry) {
        DataType type = entry.request().call().type();
        gather(
                lane,
                entry,
                HostTensor.allocate(entry.request().indexType(), 0),
                HostTensor.allocate(type, 0).reshape(entry.request().shape().withRows(0)));
    }

    private static SparseRows gather(
            Communicator lane, Step.Entry entry, HostTensor indices, HostTensor values) {
        String name = entry.request().name();
        long[] rows = entry.rows().stream().mapToLong(Long::longValue).toArray();
        long total = entry.rows().stream().mapToLong(Long::longValue).sum();
        HostTensor allIndices = HostTensor.allocate(indices.type(), total);
        lane.allGather(name, indices, allIndices, rows);
        HostTensor allValues = Rows.gather(lane, entry, values);
        return new SparseRows(allIndices, allValues);
    }

    /** A copy times the prescale, where there is one. */
    private static HostTensor scaled(HostTensor values, Reduction reduction) {
        if (!reduction.isPrescaled()) {
            return values;
        }
        ReductionKernel kernel = new JavaReductionKernel();
        HostTensor copy = HostTensor.allocate(values.type(), values.elementCount());
        long done = 0;
        for (ByteBuffer source : values.buffers()) {
            while (source.hasRemaining()) {
                ByteBuffer target = copy.view(done, source.remaining());
                int bytes = target.remaining();
                target.put(0, source, source.position(), bytes);
                source.position(source.position() + bytes);
                kernel.scale(values.type(), target, reduction.prescale().getAsDouble());
                done += bytes;
            }
        }
        return copy.reshape(values.shape());
    }
}
