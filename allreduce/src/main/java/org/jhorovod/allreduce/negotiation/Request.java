package org.jhorovod.allreduce.negotiation;

import java.io.IOException;
import java.util.List;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.TensorShape;

/**
 * What a rank submits under a name.
 *
 * @param call which collective, of what
 * @param shape of this rank's tensor
 * @param grouping with which others it is to run
 */
public record Request(CollectiveCall call, TensorShape shape, Grouping grouping) {

    /**
     * What {@link CollectiveCall#parts} says where ranks give rows, and need not know of others'.
     */
    public static final String BY_ROWS = "by rows";

    // With the mark before its bytes.
    private static final long LONGEST_OBJECT = NamedCommunicator.MAX_OBJECT_BYTES + 1L;
    private static final String WITH_INDICES = " with indices of ";
    private static final int POSTSCALED = 2; // beside 1 for prescaled, on the wire

    /**
     * Several tensors that were submitted together, of which either all run or none.
     *
     * @param name of the group, the same on all ranks; empty for a tensor by itself
     * @param size how many tensors it has
     */
    public record Grouping(String name, int size) {
        /** A tensor by itself. */
        public static final Grouping NONE = new Grouping("", 1);

        /** Whether there are others. */
        boolean isGroup() {
            return !name.isEmpty();
        }
    }

    /** The same where the rows have indices of their own. */
    public static String byRowsWith(DataType indexType) {
        return BY_ROWS + WITH_INDICES + indexType;
    }

    /** The type of the indices of the rows; INT64 where there are none. */
    public DataType indexType() {
        return call.parts().equals(byRowsWith(DataType.INT32)) ? DataType.INT32 : DataType.INT64;
    }

    /** The request in a few words, such as {@code all-reduce SUM of 'w' FLOAT32[3, 4]}. */
    String describe() {
        boolean isOfRows = call.elementCount() != shape.elementCount();
        return call.describe() + (isOfRows ? ", of shape " + shape : "");
    }

    /** The name under which ranks submit it. */
    public String name() {
        return call.name();
    }

    /** The bytes of the tensor on this rank. */
    public long byteCount() {
        return shape.elementCount() * call.type().byteCount();
    }

    /** Whether each rank's tensor may have another number of rows, of which all are told. */
    boolean mayDifferInRows() {
        return isByRows() && call.kind() != Kind.REDUCE_SCATTER;
    }

    private boolean isByRows() {
        return call.parts().startsWith(BY_ROWS);
    }

    /** Whether the lengths of the ranks' tensors follow from counts that the callers gave. */
    boolean hasCounts() {
        return switch (call.kind()) {
            case REDUCE_SCATTER, UNEQUAL_ALL_GATHER, ALL_TO_ALL -> !isByRows();
            default -> false;
        };
    }

    /**
     * Whether it is likely to be submitted again as it is: objects are as long as they happen to
     * be.
     */
    boolean comesAgain() {
        return switch (call.kind()) {
            case SPARSE_ALL_REDUCE, OBJECT_BROADCAST, OBJECT_ALL_GATHER -> false;
            default -> true;
        };
    }

    /** Whether it can run where a rank takes part with nothing. */
    boolean canRunWithout(List<Integer> absent) {
        return switch (call.kind()) {
            case ALL_REDUCE, BARRIER -> true;
            case BROADCAST, OBJECT_BROADCAST -> !absent.contains(call.root());
            case REDUCE_SCATTER, UNEQUAL_ALL_GATHER, SPARSE_ALL_REDUCE, OBJECT_ALL_GATHER ->
                    isByRows();
            default -> false;
        };
    }

    private static boolean isSensible(Kind kind, DataType type, TensorShape shape) {
        return switch (kind) {
            case OBJECT_BROADCAST, OBJECT_ALL_GATHER ->
                    type == DataType.UINT8
                            && shape.dimensions().size() == 1
                            && shape.elementCount() <= LONGEST_OBJECT;
            case SPARSE_ALL_REDUCE -> !shape.dimensions().isEmpty();
            default -> true;
        };
    }

    void write(MessageWriter writer) {
        writer.number(call.kind().ordinal());
        writer.text(call.name());
        writer.number(call.type().ordinal());
        writer.number(call.op() == null ? 0 : call.op().ordinal() + 1);
        writer.number((call.isPrescaled() ? 1 : 0) + (call.postscale() == 1 ? 0 : POSTSCALED));
        if (call.postscale() != 1) {
            writer.bits(call.postscale());
        }
        writer.number(call.root() + 1);
        writer.number(call.memory().ordinal());
        writer.number(call.elementCount());
        writer.text(call.parts());
        writer.number(shape.dimensions().size());
        shape.dimensions().forEach(writer::number);
        writer.text(grouping.name());
        writer.number(grouping.size());
    }

    static Request read(MessageReader reader) throws IOException {
        Kind kind = reader.choice(Kind.values());
        String name = reader.text();
        DataType type = reader.choice(DataType.values());
        int op = reader.number(ReduceOp.values().length);
        int scaling = reader.number(1 + POSTSCALED);
        double postscale = scaling >= POSTSCALED ? reader.bits() : 1;
        int root = reader.number(Integer.MAX_VALUE) - 1;
        Memory memory = reader.choice(Memory.values());
        long elementCount = reader.number();
        String parts = reader.text();
        long[] dimensions = new long[reader.number(TensorShape.MAX_DIMENSIONS)];
        for (int i = 0; i < dimensions.length; i++) {
            dimensions[i] = reader.number();
        }
        Grouping grouping = new Grouping(reader.text(), reader.number(Integer.MAX_VALUE));
        try {
            TensorShape shape = TensorShape.of(dimensions);
            Math.multiplyExact(shape.elementCount(), (long) type.byteCount());
            if (kind == Kind.ALL_REDUCE && elementCount != shape.elementCount()) {
                throw new IOException("it announced elements that its shape has not");
            }
            if (!isSensible(kind, type, shape)) {
                throw new IOException("it announced an object or rows that cannot be");
            }
            ReduceOp reduceOp = op == 0 ? null : ReduceOp.values()[op - 1];
            CollectiveCall call =
                    new CollectiveCall(
                            kind,
                            name,
                            type,
                            reduceOp,
                            scaling % POSTSCALED == 1,
                            postscale,
                            root,
                            elementCount,
                            memory,
                            parts);
            return new Request(call, shape, grouping);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new IOException("it announced a tensor that cannot be: " + e.getMessage(), e);
        }
    }
}
