package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;

/**
 * What the carriers of all sites do together. Every carrier makes the same calls with as many bytes
 * in the same order.
 *
 * <p>Both calls block until the result is there, by a deadline of the implementation. They take the
 * bytes between position and limit, may move the positions, and hold on to no buffer afterwards.
 * The codecs pass direct buffers; used by one thread.
 */
public interface Exchange {

    /** How many carriers there are. */
    int size();

    /** Which of them this is, 0 to {@code size() - 1}. */
    int position();

    /**
     * Puts what all carriers give one after another, in the order of their positions.
     *
     * @param own as many bytes on every carrier; left as they are
     * @param all {@code size()} times as many bytes
     */
    void allGather(ByteBuffer own, ByteBuffer all);

    /**
     * Replaces float32 elements in native order by their sums over all carriers, bitwise equal on
     * each.
     */
    void allReduce(ByteBuffer sum);
}
