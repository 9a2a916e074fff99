package org.jhorovod.djl;

import ai.djl.Model;
import ai.djl.training.TrainingConfig;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.checkpoint.Description;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What makes one training of several attempts: the seed, the steps and the position in the data,
 * and the checkpoints that carry them, where any are kept. Owned by the training thread.
 */
final class Continuation implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(Continuation.class);

    private final Communicator communicator;
    private final SharedSeed seed;
    private final StepClock clock;
    private final DataProgress progress = new DataProgress();
    private final OwedGradients owed;
    private final @Nullable Checkpointing checkpointing; // null where none are kept
    private final int generation;
    private boolean isStarted;

    /**
     * Of one trainer.
     *
     * @param number of the trainer in its process
     * @param owner the trainer's name on all ranks
     * @param owed what a checkpoint holds of gradients
     */
    Continuation(
            DistributedConfig config,
            int number,
            String owner,
            Model model,
            TrainingConfig trainingConfig,
            StepClock clock,
            OwedGradients owed) {
        this.communicator = config.communicator();
        this.clock = clock;
        this.owed = owed;
        this.generation = config.generation();
        this.seed =
                new SharedSeed(
                        communicator, owner, config.seed(), model.getNDManager().getEngine());
        this.checkpointing =
                config.checkpointsOf(number, owner)
                        .map(
                                kept ->
                                        new Checkpointing(
                                                kept,
                                                communicator,
                                                owner,
                                                model,
                                                trainingConfig.getOptimizer()))
                        .orElse(null);
    }

    SharedSeed seed() {
        return seed;
    }

    DataProgress data() {
        return progress;
    }

    Progress progress() {
        return new Progress(clock.steps(), progress.epochs(), progress.position().samples());
    }

    boolean keepsCheckpoints() {
        return checkpointing != null;
    }

    boolean isStarted() {
        return isStarted;
    }

    /**
     * Takes up the newest checkpoint, if there is one, when the training starts: rank 0's model has
     * its parameters then. Blocks until rank 0 has done so.
     */
    Optional<Description> find() {
        Checkpointing known = checkpointing;
        if (isStarted || known == null) {
            return Optional.empty();
        }
        Optional<Description> found = known.open();
        found.ifPresent(
                description -> {
                    seed.resume(description.seed());
                    clock.resume(description.step());
                    progress.resume(description.position());
                });
        return found;
    }

    /**
     * Starts, once all ranks have the same parameters; does nothing more when the block is
     * initialised anew. Blocks for the slowest rank.
     *
     * @param found by {@link #find}
     * @param parameters the model's
     * @param velocities of an outer optimizer, as far as there is one
     */
    void start(
            Optional<Description> found, List<NamedParameter> parameters, KeptElements velocities) {
        keep(velocities);
        if (isStarted) {
            return;
        }
        Checkpointing known = checkpointing;
        isStarted = true;
        if (known != null) {
            known.requireOptimizer(parameters);
            found.ifPresent(description -> known.resumeOptimizer(description, parameters));
            found.ifPresent(known::resumeOuter);
            found.ifPresent(description -> known.resumeOwed(description, owed, parameters));
            seed.giveToStep(clock.steps());
        } else if (communicator.size() > 1) {
            seed.giveToRank();
        }
        if (communicator.rank() == 0 && known != null) {
            found.ifPresentOrElse(this::tell, this::tellNothing);
        }
    }

    /** Puts other velocities into checkpoints from now on. */
    void keep(KeptElements velocities) {
        if (checkpointing != null) {
            checkpointing.keep(velocities);
        }
    }

    private void tellNothing() {
        if (generation > 0) {
            logger.warn(
                    "The job was started before, but {} has no checkpoint: the training begins"
                        + " anew. The folder must be one that every host sees which may run rank"
                        + " 0.",
                    checkpointing);
        }
    }

    private void tell(Description description) {
        logger.info(
                "Resumes after step {}, {} epochs and {} samples, written by {} ranks; {} train"
                        + " now.",
                description.step(),
                description.position().epochs(),
                description.position().samples(),
                description.ranks(),
                communicator.size());
    }

    /**
     * Makes sure that a training with checkpoints knows where it stands, before it takes data.
     *
     * @throws IllegalStateException if not
     */
    void requireStarted() {
        if (checkpointing != null && !isStarted) {
            throw new IllegalStateException(
                    "The trainer is not initialised, and does not know yet from where its"
                            + " checkpoints go on. Call trainer.initialize(shapes) before"
                            + " trainer.iterateDataset.");
        }
    }

    /** Lets nothing that opening a pass has drawn change the numbers of a resumed training. */
    void passOpened() {
        if (checkpointing != null) {
            seed.giveToStep(clock.steps());
        }
    }

    /**
     * Notes a step.
     *
     * @param pass of the trainer that it was made in; null outside of any
     * @param areEqual whether all ranks have the same parameters now
     */
    void stepMade(@Nullable Pass pass, boolean areEqual) {
        if (pass != null) {
            progress.stepped(pass.order(), pass.handedOut());
        } else {
            progress.steppedOutside();
        }
        Checkpointing known = checkpointing;
        if (known != null) {
            seed.giveToStep(clock.steps());
            if (areEqual && known.isDue(clock.steps())) {
                owed.settle();
                known.writeIfIdle(moment());
            }
        }
    }

    /** Whether a checkpoint is to be written after the next step, once all ranks are equal. */
    boolean isCheckpointDueNext() {
        return checkpointing != null && checkpointing.isDue(clock.steps() + 1);
    }

    /** Notes the end of a pass on all ranks; one that trains is worth a checkpoint. */
    void passEnded(Pass pass) {
        Checkpointing known = checkpointing;
        if (progress.ended(pass.order()) && known != null) {
            owed.settle();
            known.write(moment());
        }
    }

    /**
     * Has a checkpoint written now, and blocks on rank 0 until it is on disk; where gradients are
     * packed, on all ranks at the same time.
     *
     * @return false if it could not be written
     * @throws IllegalStateException if none are kept, or the training has not started
     */
    boolean write() {
        Checkpointing known = requireCheckpoints();
        owed.settle();
        known.write(moment());
        return known.await();
    }

    /** Makes sure that a checkpoint can be written. */
    Checkpointing requireCheckpoints() {
        Checkpointing known = checkpointing;
        if (known == null) {
            throw new IllegalStateException(
                    "This trainer keeps no checkpoints. Give it a folder for them:"
                            + " DistributedConfig.builder().optCheckpoints(…), or"
                            + " JHOROVOD_CHECKPOINT_FOLDER.");
        }
        if (!isStarted) {
            throw new IllegalStateException(
                    "The trainer is not initialised. Call trainer.initialize(shapes) before"
                            + " checkpoint().");
        }
        return known;
    }

    private Checkpointing.Moment moment() {
        return new Checkpointing.Moment(
                clock.steps(), seed.get(), progress.position(), owed.elements());
    }

    @Override
    public void close() {
        if (checkpointing != null) {
            checkpointing.close();
        }
    }
}
