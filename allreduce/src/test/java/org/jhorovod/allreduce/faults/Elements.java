package org.jhorovod.allreduce.faults;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.LongToIntFunction;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HalfPrecision;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * The elements of one tensor of a random job, which each rank can make for every rank. They are
 * such that every type holds them and every result exactly: few, small, and divisible by 2, 3 and
 * 4, but for products, which are powers of two, and truth values.
 */
final class Elements {
    private static final int UNIT = 12;
    private static final int MOST = 4 * 2 * UNIT;

    private final long key;
    private final DataType type;
    private final ReduceOp op;
    private final short[] halves;

    /**
     * Elements that differ from those of all other keys.
     *
     * @param op what is done with them; any where nothing is reduced
     */
    Elements(long key, DataType type, ReduceOp op) {
        this.key = key;
        this.type = type;
        this.op = op;
        this.halves = halves(type);
    }

    private static short[] halves(DataType type) {
        short[] encoded = new short[MOST + 1];
        if (type == DataType.FLOAT16 || type == DataType.BFLOAT16) {
            float[] exact = new float[MOST + 1];
            for (int i = 0; i <= MOST; i++) {
                exact[i] = i;
            }
            HalfPrecision.encode(type, exact, encoded, encoded.length);
        }
        return encoded;
    }

    private int value(int rank, long index) {
        long z = (key + 31L * rank) * 0x9e3779b97f4a7c15L + index * 0xd1342543de82ef95L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        int drawn = (int) ((z ^ (z >>> 31)) & 0xffff);
        if (type == DataType.BOOL) {
            return drawn & 1;
        }
        return op == ReduceOp.PRODUCT ? 1 + (drawn & 1) : drawn % 3 * UNIT;
    }

    private int reduced(int size, long index) {
        int result = value(0, index);
        for (int rank = 1; rank < size; rank++) {
            int next = value(rank, index);
            result =
                    switch (op) {
                        case SUM, AVERAGE -> result + next;
                        case MIN -> Math.min(result, next);
                        case MAX -> Math.max(result, next);
                        case PRODUCT -> result * next;
                        case ADASUM -> throw new IllegalArgumentException(String.valueOf(op));
                    };
        }
        return op == ReduceOp.AVERAGE ? result / size : result;
    }

    /** Writes what a rank contributes. */
    void fill(HostTensor tensor, int rank) {
        write(tensor, index -> value(rank, index));
    }

    /** What is wrong with the contribution of a rank, as far as it can be told. */
    Optional<String> differenceFrom(HostTensor tensor, int rank) {
        return difference(tensor, index -> value(rank, index));
    }

    /** What is wrong with the reduction over so many ranks. */
    Optional<String> differenceFromReduced(HostTensor tensor, int size) {
        return difference(tensor, index -> reduced(size, index));
    }

    private void write(HostTensor tensor, LongToIntFunction value) {
        long index = 0;
        for (ByteBuffer buffer : tensor.buffers()) {
            while (buffer.hasRemaining()) {
                put(buffer, value.applyAsInt(index));
                index++;
            }
        }
    }

    private Optional<String> difference(HostTensor tensor, LongToIntFunction value) {
        ByteBuffer expected = ByteBuffer.allocate(type.byteCount()).order(ByteOrder.nativeOrder());
        for (long index = 0; index < tensor.elementCount(); index++) {
            expected.clear();
            put(expected, value.applyAsInt(index));
            ByteBuffer actual = tensor.view(index * type.byteCount(), type.byteCount());
            if (!actual.equals(expected.flip())) {
                return Optional.of(
                        "element %d is 0x%s, expected %d"
                                .formatted(index, hex(actual), value.applyAsInt(index)));
            }
        }
        return Optional.empty();
    }

    private static String hex(ByteBuffer bytes) {
        StringBuilder text = new StringBuilder();
        for (int i = bytes.limit() - 1; i >= 0; i--) {
            text.append("%02x".formatted(bytes.get(i)));
        }
        return text.toString();
    }

    private void put(ByteBuffer buffer, int value) {
        switch (type) {
            case FLOAT32 -> buffer.putFloat(value);
            case FLOAT64 -> buffer.putDouble(value);
            case FLOAT16, BFLOAT16 -> buffer.putShort(halves[value]);
            case INT32 -> buffer.putInt(value);
            case INT64 -> buffer.putLong(value);
            case INT8, UINT8, BOOL -> buffer.put((byte) value);
        }
    }
}
