package org.jhorovod.allreduce.backend.host;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HalfPrecision;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.spi.ReductionKernel;

/*
 * Note [Why elements bounce through arrays]
 * HotSpot's C2 vectorises loops over primitive arrays, and not those over direct buffers: a bulk get
 * into a small array, a loop over arrays and a bulk put are faster than a loop over the buffers.
 */
/** Reductions in plain Java; each instance has scratch space for one thread. */
final class JavaReductionKernel implements ReductionKernel {
    private static final int BLOCK = 2048;

    private final float[] floatsA = new float[BLOCK];
    private final float[] floatsB = new float[BLOCK];
    private final double[] doublesA = new double[BLOCK];
    private final double[] doublesB = new double[BLOCK];
    private final int[] intsA = new int[BLOCK];
    private final int[] intsB = new int[BLOCK];
    private final long[] longsA = new long[BLOCK];
    private final long[] longsB = new long[BLOCK];
    private final short[] shorts = new short[BLOCK];
    private final byte[] bytes = new byte[BLOCK];

    @Override
    public void reduce(
            DataType type, ReduceOp op, ByteBuffer incoming, ByteBuffer accumulator, int divisor) {
        ByteBuffer from = incoming.slice().order(ByteOrder.nativeOrder());
        ByteBuffer to = accumulator.slice().order(ByteOrder.nativeOrder());
        int elementCount = to.remaining() / type.byteCount();
        for (int start = 0; start < elementCount; start += BLOCK) {
            int count = Math.min(BLOCK, elementCount - start);
            switch (type) {
                case FLOAT32 -> reduceFloats(op, from, to, start, count, divisor);
                case FLOAT64 -> reduceDoubles(op, from, to, start, count, divisor);
                case INT32 -> reduceInts(op, from, to, start, count, divisor);
                case INT64 -> reduceLongs(op, from, to, start, count, divisor);
                case FLOAT16, BFLOAT16 -> reduceHalves(type, op, from, to, start, count, divisor);
                case INT8, UINT8, BOOL -> reduceBytes(type, op, from, to, start, count, divisor);
            }
        }
    }

    @Override
    public void scale(DataType type, ByteBuffer elements, double factor) {
        ByteBuffer all = elements.slice().order(ByteOrder.nativeOrder());
        int elementCount = all.remaining() / type.byteCount();
        for (int start = 0; start < elementCount; start += BLOCK) {
            int count = Math.min(BLOCK, elementCount - start);
            switch (type) {
                case FLOAT32 -> scaleFloats(all, start, count, factor);
                case FLOAT64 -> scaleDoubles(all, start, count, factor);
                case FLOAT16, BFLOAT16 -> scaleHalves(type, all, start, count, factor);
                default -> throw new IllegalArgumentException("bug: " + type + " is not scaled");
            }
        }
    }

    private void scaleFloats(ByteBuffer all, int start, int count, double factor) {
        all.asFloatBuffer().get(start, floatsA, 0, count);
        scale(floatsA, count, factor);
        all.asFloatBuffer().put(start, floatsA, 0, count);
    }

    private void scaleDoubles(ByteBuffer all, int start, int count, double factor) {
        all.asDoubleBuffer().get(start, doublesA, 0, count);
        for (int i = 0; i < count; i++) {
            doublesA[i] *= factor;
        }
        all.asDoubleBuffer().put(start, doublesA, 0, count);
    }

    private void scaleHalves(DataType type, ByteBuffer all, int start, int count, double factor) {
        all.asShortBuffer().get(start, shorts, 0, count);
        HalfPrecision.decode(type, shorts, floatsA, count);
        scale(floatsA, count, factor);
        HalfPrecision.encode(type, floatsA, shorts, count);
        all.asShortBuffer().put(start, shorts, 0, count);
    }

    private static void scale(float[] a, int count, double factor) {
        // In double, so that the factor itself is not rounded.
        for (int i = 0; i < count; i++) {
            a[i] = (float) (a[i] * factor);
        }
    }

    private void reduceFloats(
            ReduceOp op, ByteBuffer from, ByteBuffer to, int start, int count, int divisor) {
        from.asFloatBuffer().get(start, floatsB, 0, count);
        to.asFloatBuffer().get(start, floatsA, 0, count);
        reduce(op, floatsA, floatsB, count, divisor);
        to.asFloatBuffer().put(start, floatsA, 0, count);
    }

    private void reduceDoubles(
            ReduceOp op, ByteBuffer from, ByteBuffer to, int start, int count, int divisor) {
        from.asDoubleBuffer().get(start, doublesB, 0, count);
        to.asDoubleBuffer().get(start, doublesA, 0, count);
        reduce(op, doublesA, doublesB, count, divisor);
        to.asDoubleBuffer().put(start, doublesA, 0, count);
    }

    private void reduceInts(
            ReduceOp op, ByteBuffer from, ByteBuffer to, int start, int count, int divisor) {
        from.asIntBuffer().get(start, intsB, 0, count);
        to.asIntBuffer().get(start, intsA, 0, count);
        reduce(op, intsA, intsB, count, divisor);
        to.asIntBuffer().put(start, intsA, 0, count);
    }

    private void reduceLongs(
            ReduceOp op, ByteBuffer from, ByteBuffer to, int start, int count, int divisor) {
        from.asLongBuffer().get(start, longsB, 0, count);
        to.asLongBuffer().get(start, longsA, 0, count);
        reduce(op, longsA, longsB, count, divisor);
        to.asLongBuffer().put(start, longsA, 0, count);
    }

    private void reduceHalves(
            DataType type,
            ReduceOp op,
            ByteBuffer from,
            ByteBuffer to,
            int start,
            int count,
            int divisor) {
        from.asShortBuffer().get(start, shorts, 0, count);
        HalfPrecision.decode(type, shorts, floatsB, count);
        to.asShortBuffer().get(start, shorts, 0, count);
        HalfPrecision.decode(type, shorts, floatsA, count);
        reduce(op, floatsA, floatsB, count, divisor);
        HalfPrecision.encode(type, floatsA, shorts, count);
        to.asShortBuffer().put(start, shorts, 0, count);
    }

    private void reduceBytes(
            DataType type,
            ReduceOp op,
            ByteBuffer from,
            ByteBuffer to,
            int start,
            int count,
            int divisor) {
        // Truth values are numbers without sign too.
        int mask = type == DataType.INT8 ? -1 : 0xff;
        from.get(start, bytes, 0, count);
        widen(bytes, intsB, mask, count);
        to.get(start, bytes, 0, count);
        widen(bytes, intsA, mask, count);
        reduce(op, intsA, intsB, count, 1);
        for (int i = 0; i < count; i++) {
            // A sum wraps around before it is divided, as in the wider types.
            bytes[i] = (byte) (((byte) intsA[i] & mask) / divisor);
        }
        to.put(start, bytes, 0, count);
    }

    private static void widen(byte[] from, int[] to, int mask, int count) {
        for (int i = 0; i < count; i++) {
            to[i] = from[i] & mask;
        }
    }

    private static void reduce(ReduceOp op, float[] a, float[] b, int count, int divisor) {
        switch (op) {
            case SUM, AVERAGE -> {
                for (int i = 0; i < count; i++) {
                    a[i] += b[i];
                }
            }
            case PRODUCT -> {
                for (int i = 0; i < count; i++) {
                    a[i] *= b[i];
                }
            }
            case MIN -> {
                for (int i = 0; i < count; i++) {
                    a[i] = Math.min(a[i], b[i]);
                }
            }
            case MAX -> {
                for (int i = 0; i < count; i++) {
                    a[i] = Math.max(a[i], b[i]);
                }
            }
        }
        if (divisor != 1) {
            for (int i = 0; i < count; i++) {
                a[i] /= divisor;
            }
        }
    }

    private static void reduce(ReduceOp op, double[] a, double[] b, int count, int divisor) {
        switch (op) {
            case SUM, AVERAGE -> {
                for (int i = 0; i < count; i++) {
                    a[i] += b[i];
                }
            }
            case PRODUCT -> {
                for (int i = 0; i < count; i++) {
                    a[i] *= b[i];
                }
            }
            case MIN -> {
                for (int i = 0; i < count; i++) {
                    a[i] = Math.min(a[i], b[i]);
                }
            }
            case MAX -> {
                for (int i = 0; i < count; i++) {
                    a[i] = Math.max(a[i], b[i]);
                }
            }
        }
        if (divisor != 1) {
            for (int i = 0; i < count; i++) {
                a[i] /= divisor;
            }
        }
    }

    private static void reduce(ReduceOp op, int[] a, int[] b, int count, int divisor) {
        switch (op) {
            case SUM, AVERAGE -> {
                for (int i = 0; i < count; i++) {
                    a[i] += b[i];
                }
            }
            case PRODUCT -> {
                for (int i = 0; i < count; i++) {
                    a[i] *= b[i];
                }
            }
            case MIN -> {
                for (int i = 0; i < count; i++) {
                    a[i] = Math.min(a[i], b[i]);
                }
            }
            case MAX -> {
                for (int i = 0; i < count; i++) {
                    a[i] = Math.max(a[i], b[i]);
                }
            }
        }
        if (divisor != 1) {
            for (int i = 0; i < count; i++) {
                a[i] /= divisor;
            }
        }
    }

    private static void reduce(ReduceOp op, long[] a, long[] b, int count, int divisor) {
        switch (op) {
            case SUM, AVERAGE -> {
                for (int i = 0; i < count; i++) {
                    a[i] += b[i];
                }
            }
            case PRODUCT -> {
                for (int i = 0; i < count; i++) {
                    a[i] *= b[i];
                }
            }
            case MIN -> {
                for (int i = 0; i < count; i++) {
                    a[i] = Math.min(a[i], b[i]);
                }
            }
            case MAX -> {
                for (int i = 0; i < count; i++) {
                    a[i] = Math.max(a[i], b[i]);
                }
            }
        }
        if (divisor != 1) {
            for (int i = 0; i < count; i++) {
                a[i] /= divisor;
            }
        }
    }
}
