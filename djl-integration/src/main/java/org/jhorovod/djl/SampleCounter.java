package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.jspecify.annotations.Nullable;

/**
 * Counts the samples that a trainer's gradients come from, from one step to the next, however many
 * passes lie between the two. Owned by the training thread.
 */
final class SampleCounter {
    private long samples;
    private boolean isOwnData;
    private Pass.@Nullable HandedBatch counted; // null until a batch is counted after a step

    /** The samples of a batch: the first dimension of its first array. */
    static long rows(NDList batch) {
        if (batch.isEmpty()) {
            return 1;
        }
        NDArray head = batch.head();
        return head.getShape().dimension() == 0 ? 1 : head.getShape().get(0);
    }

    /**
     * Notes a forward pass in training.
     *
     * @param input of the model
     * @param batch that a pass has handed out and that the input comes from, null if there is none.
     *     It counts once, however often it is used, because a batch knows its size and an array's
     *     first dimension may be something else
     */
    void onForward(NDList input, Pass.@Nullable HandedBatch batch) {
        if (batch == null) {
            samples += rows(input);
            isOwnData = true;
        } else if (!batch.equals(counted)) {
            samples += batch.samples();
            counted = batch;
        }
    }

    /** Whether some of the samples since the last step come from no pass. */
    boolean isOwnData() {
        return isOwnData;
    }

    /** The samples since the last call; 0 if there was no forward pass. */
    long take() {
        long taken = samples;
        samples = 0;
        isOwnData = false;
        counted = null;
        return taken;
    }
}
