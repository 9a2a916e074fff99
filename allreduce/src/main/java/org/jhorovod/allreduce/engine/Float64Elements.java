package org.jhorovod.allreduce.engine;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HalfPrecision;
import org.jhorovod.allreduce.collective.HostTensor;

/** Elements of floating-point tensors as float64, and back, by blocks of an array. */
final class Float64Elements {
    private static final int BLOCK = 2048;

    private Float64Elements() {}

    /**
     * Reads as many elements as the array has.
     *
     * @param first the element to begin with
     */
    static void read(HostTensor tensor, long first, double[] to) {
        DataType type = tensor.type();
        int done = 0;
        while (done < to.length) {
            int most = Math.min(BLOCK, to.length - done);
            long place = (first + done) * type.byteCount();
            ByteBuffer from = tensor.view(place, (long) most * type.byteCount());
            int count = from.remaining() / type.byteCount();
            if (type == DataType.FLOAT64) {
                from.asDoubleBuffer().get(to, done, count);
            } else {
                float[] floats = floats(type, from, count);
                for (int i = 0; i < count; i++) {
                    to[done + i] = floats[i];
                }
            }
            done += count;
        }
    }

    private static float[] floats(DataType type, ByteBuffer from, int count) {
        float[] floats = new float[count];
        if (type == DataType.FLOAT32) {
            from.asFloatBuffer().get(floats);
        } else {
            short[] shorts = new short[count];
            from.asShortBuffer().get(shorts);
            HalfPrecision.decode(type, shorts, floats, count);
        }
        return floats;
    }

    /** Writes all elements of a tensor, rounded to nearest; of a 16-bit type to float32 first. */
    static void write(double[] from, HostTensor tensor) {
        DataType type = tensor.type();
        int done = 0;
        while (done < from.length) {
            int most = Math.min(BLOCK, from.length - done);
            long place = (long) done * type.byteCount();
            ByteBuffer to = tensor.view(place, (long) most * type.byteCount());
            int count = to.remaining() / type.byteCount();
            if (type == DataType.FLOAT64) {
                to.asDoubleBuffer().put(from, done, count);
            } else {
                write(type, from, done, count, to);
            }
            done += count;
        }
    }

    private static void write(DataType type, double[] from, int first, int count, ByteBuffer to) {
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = (float) from[first + i];
        }
        if (type == DataType.FLOAT32) {
            to.asFloatBuffer().put(floats);
        } else {
            short[] shorts = new short[count];
            HalfPrecision.encode(type, floats, shorts, count);
            to.asShortBuffer().put(shorts);
        }
    }
}
