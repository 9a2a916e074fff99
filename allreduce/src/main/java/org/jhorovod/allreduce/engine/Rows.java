package org.jhorovod.allreduce.engine;

import java.nio.LongBuffer;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator.Received;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.negotiation.Request;
import org.jhorovod.allreduce.negotiation.Step;
import org.jspecify.annotations.Nullable;

/** Collectives of whole rows, whose results are as long as the ranks make them. */
final class Rows {

    private Rows() {}

    /** An all-gather of rows. */
    static NamedCall<HostTensor> gathering(String name, HostTensor input) {
        return new NamedCall<>(
                request(Kind.UNEQUAL_ALL_GATHER, name, input, null, Request.BY_ROWS),
                Named.of((on, entry, takingPart) -> gather(on, entry, input)));
    }

    /** A reduce-scatter of rows. */
    static NamedCall<HostTensor> scattering(String name, HostTensor input, Reduction reduction) {
        reduction.requireParts(name);
        reduction.requireMeaning(name, input);
        if (input.shape().dimensions().isEmpty()) {
            throw new IllegalArgumentException(
                    "The reduce-scatter of '%s' asks for the rows of a scalar. Give it a dimension, or all-reduce it."
                            .formatted(name));
        }
        return new NamedCall<>(
                request(Kind.REDUCE_SCATTER, name, input, reduction, Request.BY_ROWS),
                Named.of(
                        (on, entry, takingPart) ->
                                reduce(on, entry, input, reduction, takingPart)));
    }

    /** An all-to-all of rows. */
    static NamedCall<Received> exchanging(String name, HostTensor input, long[] rowsToEach) {
        return new NamedCall<>(
                request(Kind.ALL_TO_ALL, name, input, null, Request.BY_ROWS),
                Named.of((on, entry, takingPart) -> exchange(on, entry, input, rowsToEach)));
    }

    /** What ranks agree on where each gives some rows. */
    static Request request(
            Kind kind, String name, HostTensor input, @Nullable Reduction reduction, String parts) {
        input.requireOpen();
        CollectiveCall call =
                new CollectiveCall(
                        kind,
                        name,
                        input.type(),
                        reduction == null ? null : reduction.op(),
                        reduction != null && reduction.isPrescaled(),
                        reduction == null ? 1 : reduction.postscale(),
                        -1,
                        input.elementCount(),
                        CollectiveCall.Memory.HOST,
                        parts);
        return new Request(call, input.shape(), Request.Grouping.NONE);
    }

    /** The elements of each rank, as agreed on. */
    static Parts parts(Step.Entry entry) {
        long elementsPerRow = entry.request().shape().rowElementCount();
        return Parts.of(
                entry.rows().stream()
                        .mapToLong(rows -> Math.multiplyExact(rows, elementsPerRow))
                        .toArray());
    }

    /** The elements of each rank's share of the rows: the first ranks take what is left over. */
    static Parts evenly(TensorShape shape, int size) {
        return Parts.rows(shape.rows(), shape.rowElementCount(), size);
    }

    /** The rows of all ranks. */
    static HostTensor gather(Communicator lane, Step.Entry entry, HostTensor input) {
        Parts parts = parts(entry);
        HostTensor output = HostTensor.allocate(input.type(), parts.total());
        lane.allGather(entry.request().name(), input, output, parts.counts());
        long rows = entry.rows().stream().mapToLong(Long::longValue).sum();
        return output.reshape(shape(input, rows));
    }

    private static TensorShape shape(HostTensor input, long rows) {
        return input.shape().dimensions().isEmpty()
                ? TensorShape.of(rows)
                : input.shape().withRows(rows);
    }

    /** This rank's rows of the reduction. */
    static HostTensor reduce(
            Communicator lane,
            Step.Entry entry,
            HostTensor input,
            Reduction reduction,
            int takingPart) {
        Parts parts = evenly(input.shape(), lane.size());
        HostTensor output = HostTensor.allocate(input.type(), parts.count(lane.rank()));
        String name = entry.request().name();
        if (takingPart == lane.size()) {
            lane.reduceScatter(name, input, output, reduction, parts.counts());
        } else {
            Reduction without = AbsentRank.without(reduction, input.type(), takingPart);
            lane.reduceScatter(name, input, output, without, parts.counts());
            AbsentRank.finish(reduction, output, takingPart);
        }
        long rows = Parts.even(input.shape().rows(), lane.size()).count(lane.rank());
        return output.reshape(input.shape().withRows(rows));
    }

    /** What the other ranks send to this one, which they tell before. */
    static Received exchange(
            Communicator lane, Step.Entry entry, HostTensor input, long[] rowsToEach) {
        String name = entry.request().name();
        int size = lane.size();
        HostTensor own = HostTensor.allocate(DataType.INT64, size);
        own.buffers().get(0).asLongBuffer().put(rowsToEach);
        HostTensor all = HostTensor.allocate(DataType.INT64, (long) size * size);
        lane.allGather(name, own, all);
        LongBuffer told = all.buffers().get(0).asLongBuffer();
        long perRow = input.shape().rowElementCount();
        long[] send = new long[size];
        long[] receive = new long[size];
        long[] rows = new long[size];
        long total = 0;
        for (int rank = 0; rank < size; rank++) {
            send[rank] = rowsToEach[rank] * perRow;
            rows[rank] = told.get(rank * size + lane.rank());
            receive[rank] = rows[rank] * perRow;
            total += rows[rank];
        }
        HostTensor output = HostTensor.allocate(input.type(), total * perRow);
        lane.allToAll(name, input, send, output, receive);
        return new Received(output.reshape(shape(input, total)), rows);
    }
}
