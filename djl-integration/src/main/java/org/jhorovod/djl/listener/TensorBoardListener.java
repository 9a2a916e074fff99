package org.jhorovod.djl.listener;

import ai.djl.training.Trainer;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.tracker.Tracker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes figures for TensorBoard, on rank 0: {@code tensorboard --logdir FOLDER} shows them while
 * they come.
 *
 * <table>
 * <caption>What is written</caption>
 * <tr><th>tag</th><th>when</th><th>what</th></tr>
 * <tr><td>{@code train/EVALUATOR}, {@code validate/EVALUATOR}</td><td>each epoch</td>
 *     <td>figures of all ranks; the loss is one of the evaluators</td></tr>
 * <tr><td>{@code batch/EVALUATOR}</td><td>every few steps</td>
 *     <td>figures of rank 0's latest batch</td></tr>
 * <tr><td>{@code speed/samples_per_second}</td><td>both</td>
 *     <td>over all ranks, since it was written last</td></tr>
 * <tr><td>{@code speed/waiting_share}</td><td>both</td>
 *     <td>the share of the steps so far that rank 0 waited for others, 0 to 1</td></tr>
 * <tr><td>{@code learning_rate}</td><td>every few steps</td>
 *     <td>if {@link Builder#optLearningRate} names it</td></tr>
 * </table>
 *
 * <p>Figures of evaluators need DJL's {@code EvaluatorTrainingListener}, which is in {@code
 * TrainingListener.Defaults}. Each attempt at a training writes a file of its own, whose steps go
 * on where it resumed, and each record goes to the operating system at once. Where the folder
 * cannot be written when training begins, that is an error; later, a full disk say, it is logged,
 * and training goes on without. Owned by the training thread.
 */
public final class TensorBoardListener extends TrainingListenerAdapter {
    private static final Logger logger = LoggerFactory.getLogger(TensorBoardListener.class);

    private static final String SPEED = "speed/samples_per_second";
    private static final String WAITING = "speed/waiting_share";
    private static final String LEARNING_RATE = "learning_rate";

    private final Path folder;
    private final int everySteps;
    private final @Nullable Tracker learningRate; // null where none is named

    private TrainingCount count = new TrainingCount();
    private Pace pace = new Pace();
    private Pace.Mark written = pace.latest();
    private long lastStep;
    private @Nullable EventFile file; // null before the first batch, and after the end
    private boolean hasFailed;

    private TensorBoardListener(Builder builder) {
        this.folder = Objects.requireNonNull(builder.folder, "setFolder was not called");
        this.everySteps = builder.everySteps;
        this.learningRate = builder.learningRate;
    }

    /** A builder whose folder is to be set. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public void onTrainingBegin(Trainer trainer) {
        close();
        count = new TrainingCount();
        pace = new Pace();
        written = pace.latest();
        lastStep = 0;
        hasFailed = false;
    }

    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        count.batch(batchData);
        if (!TrainingCount.isFirstRank(trainer)) {
            return;
        }
        pace.batch(System.nanoTime(), count.samples(trainer));
        long step = count.steps(trainer) + 1; // that this batch goes into
        openBefore(step);
        if (step % everySteps == 0 && step != lastStep) {
            lastStep = step;
            writeStep(trainer, step);
        }
    }

    private void writeStep(Trainer trainer, long step) {
        Map<String, Float> figures = new LinkedHashMap<>();
        for (Evaluator evaluator : trainer.getEvaluators()) {
            put(figures, "batch/" + evaluator.getName(), Figures.ofLatestBatch(evaluator));
        }
        if (learningRate != null) {
            int update = (int) Math.min(step, Integer.MAX_VALUE);
            put(figures, LEARNING_RATE, learningRate.getNewValue(update));
        }
        putSpeed(figures, trainer);
        write(step, figures);
    }

    private void putSpeed(Map<String, Float> figures, Trainer trainer) {
        Pace.Mark now = pace.latest();
        now.samplesPerSecondSince(written)
                .ifPresent(
                        speed -> {
                            put(figures, SPEED, (float) speed);
                            put(figures, WAITING, (float) TrainingCount.waitingShare(trainer));
                        });
        written = now;
    }

    private static void put(Map<String, Float> figures, String tag, float figure) {
        if (!Float.isNaN(figure)) {
            figures.put(tag, figure);
        }
    }

    @Override
    public void onValidationBatch(Trainer trainer, BatchData batchData) {
        pace.pause();
    }

    @Override
    public void onEpoch(Trainer trainer) {
        count.epochEnded();
        if (!TrainingCount.isFirstRank(trainer)) {
            return;
        }
        pace.pause();
        Map<String, Float> figures = new LinkedHashMap<>();
        for (Evaluator evaluator : trainer.getEvaluators()) {
            put(figures, "train/" + evaluator.getName(), Figures.trained(trainer, evaluator));
            put(figures, "validate/" + evaluator.getName(), Figures.validated(trainer, evaluator));
        }
        putSpeed(figures, trainer);
        long steps = count.steps(trainer);
        openBefore(steps + 1); // one that was resumed at its end has no batch
        write(steps, figures);
    }

    /** Begins a file, if there is none yet, for a training whose next step has this number. */
    private void openBefore(long step) {
        if (file != null || hasFailed) {
            return;
        }
        try {
            Instant now = Instant.now();
            EventFile created = EventFile.create(folder, now);
            file = created;
            created.append(TensorBoardEvent.version(now));
            if (step > 1) {
                created.append(TensorBoardEvent.sessionStart(now, step));
            }
            logger.info("Figures for TensorBoard go to {}", created.path());
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Rank 0 cannot write figures for TensorBoard into %s: %s. Name a folder that it may write to."
                            .formatted(folder, e),
                    e);
        }
    }

    private void write(long step, Map<String, Float> figures) {
        EventFile known = file;
        if (known == null || figures.isEmpty()) {
            return;
        }
        try {
            known.append(TensorBoardEvent.scalars(Instant.now(), step, figures));
        } catch (IOException e) {
            hasFailed = true;
            logger.error(
                    "Figures for TensorBoard cannot be written to {} any more: {}. The training"
                            + " goes on without; see whether the disk is full.",
                    known.path(),
                    e.toString());
            close();
        }
    }

    @Override
    public void onTrainingEnd(Trainer trainer) {
        close();
    }

    private void close() {
        EventFile known = file;
        file = null;
        if (known != null) {
            try {
                known.close();
            } catch (IOException e) {
                logger.warn("{} could not be closed", known.path(), e);
            }
        }
    }

    /** Collects the values. */
    public static final class Builder {
        private @Nullable Path folder; // null until set
        private int everySteps = 50;
        private @Nullable Tracker learningRate; // null where none is named

        private Builder() {}

        /** The folder to write to; {@code --logdir} of TensorBoard. Made if it is missing. */
        public Builder setFolder(Path folder) {
            this.folder = folder;
            return this;
        }

        /** After how many steps figures are written; 50 unless set. */
        public Builder optEverySteps(int everySteps) {
            if (everySteps < 1) {
                throw new IllegalArgumentException(
                        "Figures are written every 1 or more steps, not %d.".formatted(everySteps));
            }
            this.everySteps = everySteps;
            return this;
        }

        /** The tracker that the optimizer takes its learning rate from, to be written too. */
        public Builder optLearningRate(Tracker learningRate) {
            this.learningRate = learningRate;
            return this;
        }

        /**
         * Makes the listener.
         *
         * @throws NullPointerException if the folder is not set
         */
        public TensorBoardListener build() {
            return new TensorBoardListener(this);
        }
    }
}
