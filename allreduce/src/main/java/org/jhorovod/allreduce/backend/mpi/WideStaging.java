package org.jhorovod.allreduce.backend.mpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HalfPrecision;
import org.jhorovod.allreduce.collective.ReduceOp;

/*
 * Note [What MPI reduces in a wider type]
 * Open MPI 4 has no 16-bit floating-point types. It has bytes, but where the processor has AVX their
 * sums stop at the largest number instead of wrapping around (its op/avx component adds "with
 * saturation"). Both travel as float32 and int32, a block at a time.
 */
/** Narrow elements in a type that MPI reduces as we do. */
final class WideStaging {
    private static final int BLOCK = 1 << 18;

    private final short[] halves = new short[BLOCK];
    private final float[] floats = new float[BLOCK];
    private final byte[] bytes = new byte[BLOCK];
    private final int[] ints = new int[BLOCK];
    private final ByteBuffer wide =
            ByteBuffer.allocateDirect(BLOCK * Float.BYTES).order(ByteOrder.nativeOrder());

    /** The type in which elements are reduced, which is most often their own. */
    static DataType typeFor(DataType type, ReduceOp op) {
        return switch (type) {
            case FLOAT16, BFLOAT16 -> DataType.FLOAT32;
            case INT8, UINT8 -> op == ReduceOp.MIN || op == ReduceOp.MAX ? type : DataType.INT32;
            default -> type;
        };
    }

    /** The largest block in bytes of narrow elements. */
    static int blockBytes(DataType type) {
        return BLOCK * type.byteCount();
    }

    /** Runs a reduction of the wide type on elements of at most a block. */
    void reduceWide(DataType type, ByteBuffer elements, HostPieces.Work reduction)
            throws MpiException {
        int count = elements.remaining() / type.byteCount();
        ByteBuffer part = wide.slice(0, count * Float.BYTES).order(ByteOrder.nativeOrder());
        if (type == DataType.INT8 || type == DataType.UINT8) {
            elements.get(0, bytes, 0, count);
            for (int i = 0; i < count; i++) {
                ints[i] = bytes[i];
            }
            part.asIntBuffer().put(0, ints, 0, count);
            reduction.on(part);
            part.asIntBuffer().get(0, ints, 0, count);
            // The lowest byte of a sum or product is the same with and without sign.
            for (int i = 0; i < count; i++) {
                bytes[i] = (byte) ints[i];
            }
            elements.put(0, bytes, 0, count);
        } else {
            elements.asShortBuffer().get(0, halves, 0, count);
            HalfPrecision.decode(type, halves, floats, count);
            part.asFloatBuffer().put(0, floats, 0, count);
            reduction.on(part);
            part.asFloatBuffer().get(0, floats, 0, count);
            HalfPrecision.encode(type, floats, halves, count);
            elements.asShortBuffer().put(0, halves, 0, count);
        }
    }
}
