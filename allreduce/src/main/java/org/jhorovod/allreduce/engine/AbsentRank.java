package org.jhorovod.allreduce.engine;

import java.nio.ByteBuffer;
import java.util.Objects;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.negotiation.Step;

/*
 * Note [Ranks that have joined]
 *
 * A rank that has joined still moves bytes, for all ranks do in every collective. It gives elements that
 * change nothing: 0 to a sum and to Adasum, 1 to a product, the largest of all to a minimum, the least to a maximum.
 * An average is the sum divided by the ranks that took part: floating-point elements are divided before
 * they are summed, as by a prescale, and integers after it, towards zero as always. A postscale follows,
 * on the ranks that took part.
 */
/** What takes the place of a rank that has joined, and how the others average without it. */
final class AbsentRank {

    private AbsentRank() {}

    /** Takes part in what the others run; blocks until it is done. */
    static void takePart(Communicator lane, Step.Entry entry, int takingPart) {
        CollectiveCall call = entry.request().call();
        switch (call.kind()) {
            case ALL_REDUCE -> {
                ReduceOp op = Objects.requireNonNull(call.op());
                lane.allReduce(
                        call.name(),
                        neutral(call.type(), call.elementCount(), op),
                        without(asked(call, op), call.type(), takingPart));
            }
            case BROADCAST -> {
                HostTensor unwanted = HostTensor.allocate(call.type(), call.elementCount());
                lane.broadcast(call.name(), unwanted, call.root());
            }
            case BARRIER -> lane.barrier(call.name());
            case UNEQUAL_ALL_GATHER, OBJECT_BROADCAST, OBJECT_ALL_GATHER -> {
                Parts parts = Rows.parts(entry);
                lane.allGather(
                        call.name(),
                        HostTensor.allocate(call.type(), 0),
                        HostTensor.allocate(call.type(), parts.total()),
                        parts.counts());
            }
            case SPARSE_ALL_REDUCE -> Sparse.takePart(lane, entry);
            case REDUCE_SCATTER -> {
                ReduceOp op = Objects.requireNonNull(call.op());
                TensorShape shape = entry.request().shape();
                Parts parts = Rows.evenly(shape, lane.size());
                lane.reduceScatter(
                        call.name(),
                        neutral(call.type(), shape.elementCount(), op),
                        HostTensor.allocate(call.type(), parts.count(lane.rank())),
                        without(asked(call, op), call.type(), takingPart),
                        parts.counts());
            }
            default -> throw new IllegalStateException("bug: no rank is absent from " + call);
        }
    }

    private static Reduction asked(CollectiveCall call, ReduceOp op) {
        return call.isPrescaled() ? op.prescaledBy(1) : Reduction.of(op);
    }

    /** Elements that change no other rank's result. */
    static HostTensor neutral(DataType type, long elementCount, ReduceOp op) {
        HostTensor tensor = HostTensor.allocate(type, elementCount);
        if (op == ReduceOp.PRODUCT || op == ReduceOp.MIN || op == ReduceOp.MAX) {
            tensor.buffers().forEach(buffer -> fill(buffer, type, op));
        }
        return tensor;
    }

    private static void fill(ByteBuffer buffer, DataType type, ReduceOp op) {
        while (buffer.hasRemaining()) {
            switch (type) {
                case FLOAT32 -> buffer.putFloat((float) ofFloating(op));
                case FLOAT64 -> buffer.putDouble(ofFloating(op));
                case FLOAT16 -> buffer.putShort(bits(op, 0x3c00, 0x7c00, 0xfc00));
                case BFLOAT16 -> buffer.putShort(bits(op, 0x3f80, 0x7f80, 0xff80));
                case INT32 -> buffer.putInt((int) bits(op, Integer.MAX_VALUE, Integer.MIN_VALUE));
                case INT64 -> buffer.putLong(bits(op, Long.MAX_VALUE, Long.MIN_VALUE));
                case INT8 -> buffer.put((byte) bits(op, Byte.MAX_VALUE, Byte.MIN_VALUE));
                case UINT8 -> buffer.put((byte) bits(op, 0xff, 0));
                case BOOL -> buffer.put((byte) bits(op, 1, 0));
            }
        }
    }

    private static double ofFloating(ReduceOp op) {
        return switch (op) {
            case MIN -> Double.POSITIVE_INFINITY;
            case MAX -> Double.NEGATIVE_INFINITY;
            default -> 1;
        };
    }

    private static short bits(ReduceOp op, int one, int largest, int least) {
        return (short)
                switch (op) {
                    case MIN -> largest;
                    case MAX -> least;
                    default -> one;
                };
    }

    private static long bits(ReduceOp op, long largest, long least) {
        return switch (op) {
            case MIN -> largest;
            case MAX -> least;
            default -> 1;
        };
    }

    /** Reduces a tensor over the ranks that take part. */
    static void reduce(
            Communicator lane, String name, HostTensor tensor, Reduction asked, int takingPart) {
        lane.allReduce(name, tensor, without(asked, tensor.type(), takingPart));
        finish(asked, tensor, takingPart);
    }

    /** The reduction that all ranks make, where some have joined. */
    static Reduction without(Reduction asked, DataType type, int takingPart) {
        if (asked.op() != ReduceOp.AVERAGE) {
            return asked.withoutPostscale();
        }
        return type.isFloatingPoint()
                ? ReduceOp.SUM.prescaledBy(asked.prescale().orElse(1) / takingPart)
                : Reduction.of(ReduceOp.SUM);
    }

    /** What is left to do after it, on ranks that took part. */
    static void finish(Reduction asked, HostTensor tensor, int takingPart) {
        if (asked.op() == ReduceOp.AVERAGE && !tensor.type().isFloatingPoint()) {
            tensor.buffers().forEach(buffer -> divide(buffer, tensor.type(), takingPart));
        }
        if (asked.isPostscaled()) {
            new Postscaling().apply(tensor, asked.postscale());
        }
    }

    private static void divide(ByteBuffer buffer, DataType type, int by) {
        for (int i = 0; i < buffer.limit(); i += type.byteCount()) {
            switch (type) {
                case INT32 -> buffer.putInt(i, buffer.getInt(i) / by);
                case INT64 -> buffer.putLong(i, buffer.getLong(i) / by);
                case INT8 -> buffer.put(i, (byte) (buffer.get(i) / by));
                case UINT8 -> buffer.put(i, (byte) ((buffer.get(i) & 0xff) / by));
                default -> throw new IllegalStateException("bug: an average of " + type);
            }
        }
    }
}
