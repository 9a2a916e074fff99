package org.jhorovod.djl.listener;

import ai.djl.training.Trainer;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.TrainingListenerAdapter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jhorovod.djl.listener.BestFigure.Goal;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the best model of a training: after each epoch in which the validation figure of an
 * evaluator is better than ever, rank 0 saves the model as DJL does.
 *
 * <pre>{@code
 * config.addTrainingListeners(TrainingListener.Defaults.logging())
 *         .addTrainingListeners(BestModelListener.highest("Accuracy", Path.of("build")));
 * ...
 * model.load(Path.of("build"), "my-model-best");
 * }</pre>
 *
 * <p>The file is {@code NAME-NNNN.params} with the number of the epoch. It is there as a whole
 * whenever the job ends, and takes the place of the one before. Beside it {@code NAME.figure} says
 * how good it is: a later attempt at the training only saves what is better still.
 *
 * <p>Figures need DJL's {@code EvaluatorTrainingListener}, which is in {@code
 * TrainingListener.Defaults}, and {@code EasyTrain.fit} a validation set. While rank 0 saves, the
 * others wait for it in their next step. If saving fails, that is logged, the model before is kept,
 * and training goes on. Owned by the training thread.
 */
public final class BestModelListener extends TrainingListenerAdapter {
    private static final Logger logger = LoggerFactory.getLogger(BestModelListener.class);

    private final String evaluator;
    private final Goal goal;
    private final Path folder;
    private final @Nullable String name; // null for the model's with "-best"
    private TrainingCount count = new TrainingCount();
    private boolean hasWarned;

    private BestModelListener(String evaluator, Goal goal, Path folder, @Nullable String name) {
        this.evaluator = evaluator;
        this.goal = goal;
        this.folder = folder;
        this.name = name;
    }

    /**
     * Keeps the model with the highest figure, an accuracy say, under the model's name with {@code
     * -best}.
     *
     * @param evaluator its name, as in {@code new Accuracy().getName()}
     * @param folder made if it is missing
     */
    public static BestModelListener highest(String evaluator, Path folder) {
        return new BestModelListener(evaluator, Goal.HIGHEST, folder, null);
    }

    /**
     * Keeps the model with the lowest figure, a loss say, under the model's name with {@code
     * -best}.
     *
     * @param evaluator its name, as in {@code Loss.softmaxCrossEntropyLoss().getName()}
     * @param folder made if it is missing
     */
    public static BestModelListener lowest(String evaluator, Path folder) {
        return new BestModelListener(evaluator, Goal.LOWEST, folder, null);
    }

    /**
     * Saves under another name.
     *
     * @param name not one that something else in the folder is saved by
     */
    public BestModelListener named(String name) {
        return new BestModelListener(evaluator, goal, folder, name);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if there is no such evaluator, or the folder's best model
     *     was chosen in another way
     */
    @Override
    public void onTrainingBegin(Trainer trainer) {
        count = new TrainingCount();
        hasWarned = false;
        evaluatorOf(trainer);
        BestModelFiles files = files(trainer);
        try {
            files.read().ifPresent(before -> requireSameChoice(before, files));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "It cannot be read how good the best model in %s is: %s"
                            .formatted(folder, e.getMessage()),
                    e);
        }
    }

    private Evaluator evaluatorOf(Trainer trainer) {
        List<Evaluator> all = trainer.getEvaluators();
        return all.stream()
                .filter(candidate -> candidate.getName().equals(evaluator))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "The best model is to be chosen by '%s', which is none of the training's evaluators %s. Name one of these, or add it with config.addEvaluator(...)."
                                                .formatted(
                                                        evaluator,
                                                        all.stream()
                                                                .map(Evaluator::getName)
                                                                .toList())));
    }

    private BestModelFiles files(Trainer trainer) {
        return new BestModelFiles(
                folder, name != null ? name : trainer.getModel().getName() + "-best");
    }

    private void requireSameChoice(BestFigure before, BestModelFiles files) {
        if (!before.evaluator().equals(evaluator) || before.goal() != goal) {
            throw new IllegalArgumentException(
                    "%s tells of a best model by the %s %s, but now it is to be chosen by the %s %s. Choose another folder or name, or remove that file to start afresh."
                            .formatted(
                                    files.note(),
                                    words(before.goal()),
                                    before.evaluator(),
                                    words(goal),
                                    evaluator));
        }
    }

    private static String words(Goal goal) {
        return goal == Goal.HIGHEST ? "highest" : "lowest";
    }

    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        count.batch(batchData);
    }

    @Override
    public void onEpoch(Trainer trainer) {
        count.epochEnded();
        if (!TrainingCount.isFirstRank(trainer)) {
            return;
        }
        float figure = Figures.validated(trainer, evaluatorOf(trainer));
        if (Float.isNaN(figure)) {
            warnOnce();
        } else {
            keepIfBetter(trainer, figure);
        }
    }

    private void warnOnce() {
        if (!hasWarned) {
            hasWarned = true;
            logger.warn(
                    "There is no validation figure of {} to choose the best model by. Give"
                            + " EasyTrain.fit a validation set, and the configuration"
                            + " TrainingListener.Defaults.basic() or logging().",
                    evaluator);
        }
    }

    private void keepIfBetter(Trainer trainer, float figure) {
        BestModelFiles files = files(trainer);
        int epoch = count.epochs(trainer);
        try {
            // Read each time: another process may be the one that writes by now.
            Optional<BestFigure> before = files.read();
            if (before.isEmpty() || before.get().isBeatenBy(figure)) {
                BestFigure best = new BestFigure(evaluator, goal, figure, epoch);
                files.keep(trainer.getModel(), best, before);
                logger.info(
                        "Best model so far: epoch {}, {} {}{}, saved as {}",
                        epoch,
                        evaluator,
                        figure,
                        before.map(known -> " after " + known.figure()).orElse(""),
                        files.fileOf(best));
            }
        } catch (IOException | UncheckedIOException e) {
            logger.error(
                    "The model of epoch {} with {} {} could not be saved in {}: {}. The best model"
                            + " before it is kept, and training goes on; see whether the disk is"
                            + " full.",
                    epoch,
                    evaluator,
                    figure,
                    folder,
                    e.toString());
        }
    }
}
