package org.jhorovod.allreduce.backend.mpi;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * How MPI reduces elements so that the results are ours: which type and operation it is given, and
 * what we do to the elements before and after.
 *
 * @param type as MPI sees the elements
 * @param op what it does
 * @param before in place, before it does
 * @param after in place, afterwards
 */
record MpiReduction(MpiType type, MpiOp op, Change before, Change after) {

    /** A change of elements in place. */
    interface Change {
        void apply(ByteBuffer elements);

        /** Leaves them as they are. */
        Change NONE = elements -> {};
    }

    /**
     * Finds the way for a type that MPI can reduce; see Note [What MPI reduces in a wider type].
     *
     * @throws IllegalArgumentException for the 16-bit floating-point types, which it cannot
     */
    static MpiReduction of(DataType type, ReduceOp op, int size) {
        return switch (op) {
            case SUM -> new MpiReduction(plain(type), MpiOp.SUM, Change.NONE, Change.NONE);
            case PRODUCT -> new MpiReduction(plain(type), MpiOp.PROD, Change.NONE, Change.NONE);
            case AVERAGE ->
                    new MpiReduction(
                            plain(type),
                            MpiOp.SUM,
                            Change.NONE,
                            elements -> Division.divide(type, elements, size));
            case MIN -> ordered(type, MpiOp.MIN);
            case MAX -> ordered(type, MpiOp.MAX);
            case ADASUM -> throw new IllegalStateException("bug: MPI has no " + op);
        };
    }

    /**
     * Minima and maxima in an order of whole numbers: MPI leaves open what a NaN gives, and takes
     * bytes for numbers without sign.
     */
    private static MpiReduction ordered(DataType type, MpiOp op) {
        return switch (type) {
            case FLOAT32, FLOAT64 ->
                    new MpiReduction(
                            type == DataType.FLOAT32 ? MpiType.INT : MpiType.LONG,
                            op,
                            elements -> FloatOrder.encode(type, elements, op == MpiOp.MIN),
                            elements -> FloatOrder.decode(type, elements));
            case INT8 ->
                    new MpiReduction(
                            MpiType.BYTE, op, MpiReduction::flipSigns, MpiReduction::flipSigns);
            default -> new MpiReduction(plain(type), op, Change.NONE, Change.NONE);
        };
    }

    /** The type of MPI for elements as they are. */
    static MpiType plain(DataType type) {
        return switch (type) {
            case FLOAT32 -> MpiType.FLOAT;
            case FLOAT64 -> MpiType.DOUBLE;
            case INT32 -> MpiType.INT;
            case INT64 -> MpiType.LONG;
            case INT8, UINT8, BOOL -> MpiType.BYTE;
            case FLOAT16, BFLOAT16 ->
                    throw new IllegalArgumentException("bug: MPI has no type for " + type);
        };
    }

    private static void flipSigns(ByteBuffer elements) {
        for (int i = elements.position(); i < elements.limit(); i++) {
            elements.put(i, (byte) (elements.get(i) ^ Byte.MIN_VALUE));
        }
    }
}
