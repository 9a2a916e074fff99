package org.jhorovod.allreduce.backend.host;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
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
public final class JavaReductionKernel implements ReductionKernel {
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
            DataType type,
            ReduceOp op,
            List<ByteBuffer> inputs,
            List<ByteBuffer> outputs,
            int divisor) {
        ByteBuffer[] from = views(inputs);
        ByteBuffer[] to = views(outputs);
        int elementCount = to[0].remaining() / type.byteCount();
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

    private static ByteBuffer[] views(List<ByteBuffer> buffers) {
        ByteBuffer[] views = new ByteBuffer[buffers.size()];
        for (int i = 0; i < views.length; i++) {
            views[i] = buffers.get(i).slice().order(ByteOrder.nativeOrder());
        }
        return views;
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
            ReduceOp op, ByteBuffer[] from, ByteBuffer[] to, int start, int count, int divisor) {
        from[0].asFloatBuffer().get(start, floatsA, 0, count);
        for (int i = 1; i < from.length; i++) {
            from[i].asFloatBuffer().get(start, floatsB, 0, count);
            reduce(op, floatsA, floatsB, count);
        }
        divide(floatsA, count, divisor);
        for (ByteBuffer output : to) {
            output.asFloatBuffer().put(start, floatsA, 0, count);
        }
    }

    private void reduceDoubles(
            ReduceOp op, ByteBuffer[] from, ByteBuffer[] to, int start, int count, int divisor) {
        from[0].asDoubleBuffer().get(start, doublesA, 0, count);
        for (int i = 1; i < from.length; i++) {
            from[i].asDoubleBuffer().get(start, doublesB, 0, count);
            reduce(op, doublesA, doublesB, count);
        }
        divide(doublesA, count, divisor);
        for (ByteBuffer output : to) {
            output.asDoubleBuffer().put(start, doublesA, 0, count);
        }
    }

    private void reduceInts(
            ReduceOp op, ByteBuffer[] from, ByteBuffer[] to, int start, int count, int divisor) {
        from[0].asIntBuffer().get(start, intsA, 0, count);
        for (int i = 1; i < from.length; i++) {
            from[i].asIntBuffer().get(start, intsB, 0, count);
            reduce(op, intsA, intsB, count);
        }
        divide(intsA, count, divisor);
        for (ByteBuffer output : to) {
            output.asIntBuffer().put(start, intsA, 0, count);
        }
    }

    private void reduceLongs(
            ReduceOp op, ByteBuffer[] from, ByteBuffer[] to, int start, int count, int divisor) {
        from[0].asLongBuffer().get(start, longsA, 0, count);
        for (int i = 1; i < from.length; i++) {
            from[i].asLongBuffer().get(start, longsB, 0, count);
            reduce(op, longsA, longsB, count);
        }
        divide(longsA, count, divisor);
        for (ByteBuffer output : to) {
            output.asLongBuffer().put(start, longsA, 0, count);
        }
    }

    private void reduceHalves(
            DataType type,
            ReduceOp op,
            ByteBuffer[] from,
            ByteBuffer[] to,
            int start,
            int count,
            int divisor) {
        decode(type, from[0], start, floatsA, count);
        for (int i = 1; i < from.length; i++) {
            decode(type, from[i], start, floatsB, count);
            reduce(op, floatsA, floatsB, count);
        }
        divide(floatsA, count, divisor);
        HalfPrecision.encode(type, floatsA, shorts, count);
        for (ByteBuffer output : to) {
            output.asShortBuffer().put(start, shorts, 0, count);
        }
    }

    private void decode(DataType type, ByteBuffer from, int start, float[] to, int count) {
        from.asShortBuffer().get(start, shorts, 0, count);
        HalfPrecision.decode(type, shorts, to, count);
    }

    private void reduceBytes(
            DataType type,
            ReduceOp op,
            ByteBuffer[] from,
            ByteBuffer[] to,
            int start,
            int count,
            int divisor) {
        // Truth values are numbers without sign too.
        int mask = type == DataType.INT8 ? -1 : 0xff;
        widen(from[0], start, intsA, mask, count);
        for (int i = 1; i < from.length; i++) {
            widen(from[i], start, intsB, mask, count);
            reduce(op, intsA, intsB, count);
        }
        if (divisor != 1) { // a division takes longer than all else together
            for (int i = 0; i < count; i++) {
                // A sum wraps around before it is divided, as in the wider types.
                intsA[i] = ((byte) intsA[i] & mask) / divisor;
            }
        }
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) intsA[i];
        }
        for (ByteBuffer output : to) {
            output.put(start, bytes, 0, count);
        }
    }

    private void widen(ByteBuffer from, int start, int[] to, int mask, int count) {
        from.get(start, bytes, 0, count);
        for (int i = 0; i < count; i++) {
            to[i] = bytes[i] & mask;
        }
    }

    private static IllegalStateException notOfElements(ReduceOp op) {
        return new IllegalStateException("bug: a reduction of elements by " + op);
    }

    private static void reduce(ReduceOp op, float[] a, float[] b, int count) {
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
            case ADASUM -> throw notOfElements(op);
        }
    }

    private static void reduce(ReduceOp op, double[] a, double[] b, int count) {
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
            case ADASUM -> throw notOfElements(op);
        }
    }

    private static void reduce(ReduceOp op, int[] a, int[] b, int count) {
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
            case ADASUM -> throw notOfElements(op);
        }
    }

    private static void reduce(ReduceOp op, long[] a, long[] b, int count) {
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
            case ADASUM -> throw notOfElements(op);
        }
    }

    private static void divide(float[] a, int count, int divisor) {
        if (divisor == 1) {
            return;
        }
        for (int i = 0; i < count; i++) {
            a[i] /= divisor;
        }
    }

    private static void divide(double[] a, int count, int divisor) {
        if (divisor == 1) {
            return;
        }
        for (int i = 0; i < count; i++) {
            a[i] /= divisor;
        }
    }

    private static void divide(int[] a, int count, int divisor) {
        if (divisor == 1) {
            return;
        }
        for (int i = 0; i < count; i++) {
            a[i] /= divisor;
        }
    }

    private static void divide(long[] a, int count, int divisor) {
        if (divisor == 1) {
            return;
        }
        for (int i = 0; i < count; i++) {
            a[i] /= divisor;
        }
    }
}
