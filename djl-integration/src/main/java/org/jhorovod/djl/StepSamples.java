package org.jhorovod.djl;

import ai.djl.ndarray.NDList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the gradients of one trainer's next step weigh. Owned by the training thread. */
final class StepSamples {
    private static final Logger logger = LoggerFactory.getLogger(StepSamples.class);

    private final TrainerGroup group;
    private final Passes passes;
    private final boolean warns;
    private final SampleCounter counter = new SampleCounter();
    private long stepped;

    /**
     * Of a trainer of this group with these passes.
     *
     * @param warns whether this rank says that data is not shared out
     */
    StepSamples(TrainerGroup group, Passes passes, boolean warns) {
        this.group = group;
        this.passes = passes;
        this.warns = warns;
    }

    void onForward(NDList data) {
        counter.onForward(data, group.batchOf(data));
    }

    /** The samples of this rank's gradients that have not been averaged. */
    long take() {
        if (warns && counter.isOwnData() && group.shouldTellUnsharded()) {
            logger.warn(
                    "A step outside of trainer.iterateDataset: JHorovod does not divide this data"
                            + " between the ranks. Iterate over trainer.iterateDataset(dataset),"
                            + " or give each rank its own part.");
        }
        long counted = counter.take();
        long samples = counted == 0 ? withoutForward() : counted;
        stepped += samples;
        return samples;
    }

    /** What this rank has brought into averages since the last call. */
    long takeStepped() {
        long taken = stepped;
        stepped = 0;
        return taken;
    }

    /** What is left of them for a step of ranks that have more batches, perhaps nothing. */
    long takeRest() {
        return counter.take();
    }

    /** What a step weighs where nothing came by the trainer's forward. */
    private long withoutForward() {
        Pass.HandedBatch batch = group.batchInUse();
        if (batch != null) {
            return batch.samples();
        }
        // A program without passes computes its gradients in some other way; in one with passes
        // this rank has had no batch.
        return passes.isUsed() ? 0 : 1;
    }
}
