package org.jhorovod.djl.listener;

import ai.djl.training.Trainer;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.EvaluatorTrainingListener;
import org.jspecify.annotations.Nullable;

/*
 * Note [Figures at the end of an epoch]
 *
 * DJL's EvaluatorTrainingListener keeps the sums that evaluators build their figures from. At an
 * epoch's end it stores the figures and begins new sums. A listener that stands before it in the
 * configuration finds the sums, one that stands after it finds sums of nothing (NaN) and the stored
 * figures. Both are figures of all ranks: sums are reduced when a pass ends.
 */

/** What the evaluators have come to; NaN where they have come to nothing. Stateless. */
final class Figures {
    private Figures() {}

    /** Of an epoch that has just ended, over the training data of all ranks. */
    static float trained(Trainer trainer, Evaluator evaluator) {
        return ofEpoch(trainer, evaluator, EvaluatorTrainingListener.TRAIN_EPOCH, "train_");
    }

    /** Of an epoch that has just ended, over the validation data of all ranks. */
    static float validated(Trainer trainer, Evaluator evaluator) {
        return ofEpoch(trainer, evaluator, EvaluatorTrainingListener.VALIDATE_EPOCH, "validate_");
    }

    private static float ofEpoch(Trainer trainer, Evaluator evaluator, String key, String prefix) {
        float figure = accumulated(evaluator, key);
        if (!Float.isNaN(figure)) {
            return figure;
        }
        @Nullable Float stored =
                trainer.getTrainingResult().getEvaluations().get(prefix + evaluator.getName());
        return stored == null ? Float.NaN : stored;
    }

    /** Of the epoch's training so far, on this rank alone. */
    static float trainedSoFar(Evaluator evaluator) {
        return accumulated(evaluator, EvaluatorTrainingListener.TRAIN_EPOCH);
    }

    /** Of the latest training batch, on this rank alone. */
    static float ofLatestBatch(Evaluator evaluator) {
        return accumulated(evaluator, EvaluatorTrainingListener.TRAIN_ALL);
    }

    private static float accumulated(Evaluator evaluator, String key) {
        try {
            return evaluator.getAccumulator(key);
        } catch (IllegalArgumentException e) {
            return Float.NaN; // a loss for which nobody keeps sums says so
        }
    }
}
