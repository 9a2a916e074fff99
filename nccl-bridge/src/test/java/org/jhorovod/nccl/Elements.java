package org.jhorovod.nccl;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.DoubleBinaryOperator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HalfPrecision;
import org.jhorovod.allreduce.collective.ReduceOp;

/** Elements of all types as doubles, which hold the small numbers of these tests exactly. */
final class Elements {

    private Elements() {}

    /** The numbers as elements of a type, in direct memory. */
    static ByteBuffer encode(DataType type, double[] values) {
        ByteBuffer bytes =
                ByteBuffer.allocateDirect(Math.max(1, values.length * type.byteCount()))
                        .order(ByteOrder.nativeOrder());
        bytes.limit(values.length * type.byteCount());
        for (double value : values) {
            switch (type) {
                case FLOAT32 -> bytes.putFloat((float) value);
                case FLOAT64 -> bytes.putDouble(value);
                case INT32 -> bytes.putInt((int) value);
                case INT64 -> bytes.putLong((long) value);
                case FLOAT16, BFLOAT16 -> {
                    short[] encoded = new short[1];
                    HalfPrecision.encode(type, new float[] {(float) value}, encoded, 1);
                    bytes.putShort(encoded[0]);
                }
                case INT8, UINT8, BOOL -> bytes.put((byte) (long) value);
            }
        }
        return bytes.flip();
    }

    /** The elements of a type as numbers. */
    static double[] decode(DataType type, ByteBuffer bytes) {
        ByteBuffer from = bytes.duplicate().order(ByteOrder.nativeOrder());
        double[] values = new double[from.remaining() / type.byteCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    switch (type) {
                        case FLOAT32 -> from.getFloat();
                        case FLOAT64 -> from.getDouble();
                        case INT32 -> from.getInt();
                        case INT64 -> from.getLong();
                        case FLOAT16, BFLOAT16 -> {
                            float[] decoded = new float[1];
                            HalfPrecision.decode(type, new short[] {from.getShort()}, decoded, 1);
                            yield decoded[0];
                        }
                        case INT8 -> from.get();
                        case UINT8, BOOL -> Byte.toUnsignedInt(from.get());
                    };
        }
        return values;
    }

    /** What a rank puts in: small whole numbers, so that every type can carry every result. */
    static double[] of(DataType type, int rank, int count, int salt) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            int number = Math.floorMod(i * 7 + rank * 3 + salt, 5);
            values[i] =
                    switch (type) {
                        case BOOL -> number % 2;
                        case UINT8 -> number;
                        default -> number - 2;
                    };
        }
        return values;
    }

    /** What all ranks get from a reduction of {@link #of}. */
    static double[] reduced(DataType type, ReduceOp op, int size, int count, int salt) {
        double[] result = of(type, 0, count, salt);
        DoubleBinaryOperator combine =
                switch (op) {
                    case SUM, AVERAGE -> Double::sum;
                    case MIN -> Math::min;
                    case MAX -> Math::max;
                    case PRODUCT -> (a, b) -> a * b;
                    case ADASUM -> throw new IllegalArgumentException(String.valueOf(op));
                };
        for (int rank = 1; rank < size; rank++) {
            double[] next = of(type, rank, count, salt);
            for (int i = 0; i < count; i++) {
                result[i] = combine.applyAsDouble(result[i], next[i]);
            }
        }
        if (op == ReduceOp.AVERAGE) {
            for (int i = 0; i < count; i++) {
                double average = result[i] / size;
                result[i] = type.isFloatingPoint() ? average : (long) average;
            }
        }
        return result;
    }

    /** How far an average may be off: NCCL multiplies by 1/n and rounds each product. */
    static double tolerance(DataType type, ReduceOp op) {
        if (op != ReduceOp.AVERAGE || !type.isFloatingPoint()) {
            return 0;
        }
        return switch (type) {
            case BFLOAT16 -> 0.02;
            case FLOAT16 -> 0.003;
            default -> 1e-6;
        };
    }
}
