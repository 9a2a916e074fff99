package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/** Counts the samples that a trainer's gradients come from. Owned by the training thread. */
final class SampleCounter {
    private long forwarded;

    /** The samples of a batch: the first dimension of its first array. */
    static long rows(NDList batch) {
        if (batch.isEmpty()) {
            return 1;
        }
        NDArray head = batch.head();
        return head.getShape().dimension() == 0 ? 1 : head.getShape().get(0);
    }

    /** Notes a forward pass in training. */
    void onForward(NDList batch) {
        forwarded += rows(batch);
    }

    /**
     * The samples since the last call.
     *
     * @param handedOut how many a data set's pass has handed out since then; they count where there
     *     are any, because a batch knows its size and an array's first dimension may be something
     *     else
     * @return at least 1, because a gradient has come from something
     */
    long take(long handedOut) {
        long samples = handedOut > 0 ? handedOut : Math.max(1, forwarded);
        forwarded = 0;
        return samples;
    }
}
