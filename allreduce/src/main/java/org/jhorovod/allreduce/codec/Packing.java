package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;

/**
 * The bytes of a bucket of a fixed number of elements, little-endian: a function each way, with
 * scratch space for one thread.
 */
interface Packing {

    /** The bytes of an encoding, always as many. */
    int byteCount();

    /**
     * Encodes all elements, and leaves in their place what the encoding lacks of each, or 0 where
     * one is not finite.
     *
     * @param to all of its capacity, between position 0 and limit; the position stays
     */
    void encode(float[] elements, ByteBuffer to);

    /**
     * Refuses bytes that are no encoding: what is left can be decoded, if only to NaN.
     *
     * @param from all of its capacity
     * @throws IllegalArgumentException with what is wrong
     */
    default void require(ByteBuffer from) {
        if (from.capacity() != byteCount()) {
            throw new IllegalArgumentException(
                    "it has %d bytes in place of %d".formatted(from.capacity(), byteCount()));
        }
    }

    /**
     * Decodes some elements and adds them to sums.
     *
     * @param from what {@link #require} accepts, with its position at 0
     * @param start the first of them, a multiple of {@link Carried#WINDOW}
     * @param sums from index 0 on
     * @param count at most a window
     */
    void add(ByteBuffer from, int start, float[] sums, int count);
}
