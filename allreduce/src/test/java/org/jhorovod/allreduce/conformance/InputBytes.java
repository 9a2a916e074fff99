package org.jhorovod.allreduce.conformance;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HalfPrecision;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * What {@link Reference} says that ranks have, as bytes. Every rank asks for those of all ranks,
 * again and again, so what was made is kept for a while.
 */
final class InputBytes {
    private static final long MOST_BYTES = 256L << 20;
    private static final Cache<Input, byte[]> MADE =
            CacheBuilder.newBuilder()
                    .maximumWeight(MOST_BYTES)
                    .weigher((Input input, byte[] made) -> made.length)
                    .concurrencyLevel(1) // or each part may have but its share
                    .build();

    /** Of two counts, the first elements are the same. */
    private record Input(DataType type, boolean isForProduct, int rank) {}

    private InputBytes() {}

    /** The first elements of a rank, and maybe more of them; not to be changed. */
    static byte[] of(DataType type, ReduceOp op, long count, int rank) {
        Input input = new Input(type, op == ReduceOp.PRODUCT, rank);
        int byteCount = Math.toIntExact(count * type.byteCount());
        byte[] made = MADE.getIfPresent(input);
        if (made == null || made.length < byteCount) {
            made = make(type, op, byteCount, rank);
            MADE.put(input, made);
        }
        return made;
    }

    private static byte[] make(DataType type, ReduceOp op, int byteCount, int rank) {
        byte[] bytes = new byte[byteCount];
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        for (long index = 0; buffer.hasRemaining(); index++) {
            put(buffer, type, op, rank, index);
        }
        return bytes;
    }

    private static void put(ByteBuffer buffer, DataType type, ReduceOp op, int rank, long index) {
        switch (type) {
            case FLOAT32 -> buffer.putFloat((float) Reference.real(type, op, rank, index));
            case FLOAT64 -> buffer.putDouble(Reference.real(type, op, rank, index));
            case FLOAT16, BFLOAT16 ->
                    buffer.putShort(half(type, Reference.real(type, op, rank, index)));
            case INT32 -> buffer.putInt((int) Reference.integer(type, rank, index));
            case INT64 -> buffer.putLong(Reference.integer(type, rank, index));
            case INT8, UINT8, BOOL -> buffer.put((byte) Reference.integer(type, rank, index));
        }
    }

    private static short half(DataType type, double exact) {
        short[] encoded = new short[1];
        HalfPrecision.encode(type, new float[] {(float) exact}, encoded, 1);
        return encoded[0];
    }
}
