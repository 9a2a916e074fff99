package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * What a carrier has to send: the values and, with error feedback, what was left of the times
 * before. Whoever sends from it leaves in it what was lost: between reductions it is the residual.
 */
final class Carried {
    /** As many elements as are worked on at a time, so that they stay in the nearest cache. */
    static final int WINDOW = 2048;

    private final float[] elements;
    private final boolean isKept;
    private final float[] window = new float[WINDOW];

    Carried(int elementCount, ErrorFeedback feedback) {
        this.elements = new float[elementCount];
        this.isKept = feedback == ErrorFeedback.ON;
    }

    /**
     * The values as floats.
     *
     * @throws IllegalArgumentException unless there are as many as the bucket has
     */
    static FloatBuffer floats(ByteBuffer values, int elementCount) {
        if (values.remaining() != Float.BYTES * elementCount) {
            throw new IllegalArgumentException(
                    "%d bytes were given for a bucket of %d float32 elements; give all of its values, and no others."
                            .formatted(values.remaining(), elementCount));
        }
        return values.slice().order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    /** Adds the values of this time to what is left. */
    void add(FloatBuffer values) {
        if (!isKept) {
            values.get(0, elements);
            return;
        }
        for (int start = 0; start < elements.length; start += WINDOW) {
            int count = Math.min(WINDOW, elements.length - start);
            values.get(start, window, 0, count);
            for (int i = 0; i < count; i++) {
                elements[start + i] += window[i];
            }
        }
    }

    /** The elements themselves. */
    float[] elements() {
        return elements;
    }

    /** What is left, for the caller; nothing if it is not kept. */
    FloatBuffer residual() {
        return isKept ? FloatBuffer.wrap(elements) : FloatBuffer.allocate(0);
    }

    /** Makes 0 of what is left of numbers that are not finite, which cannot be sent later. */
    static void dropNonFinite(float[] elements, int start, int count) {
        for (int i = start; i < start + count; i++) {
            if (!(Math.abs(elements[i]) <= Float.MAX_VALUE)) {
                elements[i] = 0;
            }
        }
    }

    /** Makes all NaNs the same one: which of two a sum takes is the processor's choice. */
    static void unifyNans(float[] elements, int count) {
        for (int i = 0; i < count; i++) {
            if (Float.isNaN(elements[i])) {
                elements[i] = Float.NaN;
            }
        }
    }
}
