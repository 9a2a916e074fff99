package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;

/** Values for codecs, and their way into buffers and back. */
final class Floats {
    private Floats() {}

    static ByteBuffer direct(float... values) {
        ByteBuffer bytes =
                ByteBuffer.allocateDirect(Float.BYTES * values.length)
                        .order(ByteOrder.nativeOrder());
        bytes.asFloatBuffer().put(values);
        return bytes;
    }

    static float[] of(ByteBuffer bytes) {
        float[] values = new float[bytes.remaining() / Float.BYTES];
        bytes.duplicate().order(ByteOrder.nativeOrder()).asFloatBuffer().get(values);
        return values;
    }

    static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
        return bits;
    }

    static float[] normal(int count, float deviation, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * deviation);
        }
        return values;
    }

    static float[] constant(int count, float value) {
        float[] values = new float[count];
        Arrays.fill(values, value);
        return values;
    }

    /** One reduction by a carrier alone: what it sent. */
    static float[] sent(BucketCodec bucket, float... values) {
        ByteBuffer bytes = direct(values);
        bucket.reduce(bytes, new LoneExchange());
        return of(bytes);
    }

    static float[] residual(BucketCodec bucket) {
        float[] residual = new float[bucket.residual().capacity()];
        bucket.residual().get(residual);
        return residual;
    }

    /** A layout of one vector. */
    static BucketLayout vector(int count) {
        return BucketLayout.ofShapes(new long[] {count});
    }
}
