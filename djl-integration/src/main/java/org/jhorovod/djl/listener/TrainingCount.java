package org.jhorovod.djl.listener;

import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListener.BatchData;
import org.jhorovod.djl.DistributedTrainer;

/**
 * How far a training is, whichever trainer runs it: a {@link DistributedTrainer} knows by itself,
 * over all ranks; for DJL's own the batches are counted. Owned by the training thread.
 */
final class TrainingCount {
    private long steps;
    private long samples;
    private int epochs;
    private long unsteppedSamples;
    private boolean hasUnstepped;

    /** Whether this process is the one of the training's that reports and writes. */
    static boolean isFirstRank(Trainer trainer) {
        return !(trainer instanceof DistributedTrainer ofRank) || ofRank.rank() == 0;
    }

    /** How many processes train together. */
    static int ranks(Trainer trainer) {
        return trainer instanceof DistributedTrainer ofRank ? ofRank.communicator().size() : 1;
    }

    /** The share of the steps that this rank spent waiting for others, 0 to 1. */
    static double waitingShare(Trainer trainer) {
        return trainer instanceof DistributedTrainer ofRank
                ? ofRank.statistics().waitingShare()
                : 0;
    }

    /** Notes a batch; listeners hear of it before its step. */
    void batch(BatchData data) {
        countStepped();
        unsteppedSamples = data.getBatch().getSize();
        hasUnstepped = true;
    }

    /** Notes the end of an epoch, whose batches have all been stepped. */
    void epochEnded() {
        countStepped();
        epochs++;
    }

    private void countStepped() {
        if (hasUnstepped) {
            steps++;
            samples += unsteppedSamples;
            hasUnstepped = false;
        }
    }

    /** How many steps have been made, over all attempts at the training. */
    long steps(Trainer trainer) {
        return trainer instanceof DistributedTrainer ofRank ? ofRank.progress().steps() : steps;
    }

    /** How many samples the steps of this process saw, over all ranks. */
    long samples(Trainer trainer) {
        return trainer instanceof DistributedTrainer ofRank
                ? ofRank.statistics().samples()
                : samples;
    }

    /**
     * How many samples of the epoch had been stepped before it was resumed, when this process has
     * made no step yet.
     */
    long resumedSamples(Trainer trainer) {
        return epochs == 0
                        && trainer instanceof DistributedTrainer ofRank
                        && ofRank.statistics().steps() == 0
                ? ofRank.progress().epochSamples()
                : 0;
    }

    /** How many epochs have ended, over all attempts at the training. */
    int epochs(Trainer trainer) {
        return trainer instanceof DistributedTrainer ofRank
                ? Math.max(epochs, ofRank.progress().epochs())
                : epochs;
    }
}
