package org.jhorovod.djl;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jspecify.annotations.Nullable;

/**
 * Where a training keeps its checkpoints, and how often it writes one. Immutable.
 *
 * <pre>{@code
 * Checkpoints checkpoints = Checkpoints.builder().setFolder(Path.of("checkpoints")).build();
 * DistributedConfig distributed = DistributedConfig.builder().optCheckpoints(checkpoints).build();
 * try (DistributedTrainer trainer = DistributedTrainer.create(model, config, distributed)) {
 *     trainer.initialize(new Shape(1, 784)); // goes on where the newest checkpoint was written
 *     EasyTrain.fit(trainer, EPOCHS - trainer.progress().epochs(), training, validation);
 * }
 * }</pre>
 *
 * <p>A checkpoint holds the parameters, in a file that plain DJL loads, the optimizer's state, and
 * the position in the data: a training that resumes gives each sample of the epoch once, over both
 * parts, with the same number of ranks or another. Rank 0 writes it in the background after every
 * so many steps and at the end of each pass with steps. It is there whole or not at all; one of
 * which a byte is wrong is refused by name, and the one before is used.
 *
 * <p>The random numbers of each rank then start anew at each step, from the run's seed, the rank
 * and the step: with one thread a rank and as many ranks as before, the resumed training ends with
 * the parameters of one that was never interrupted, bit for bit.
 *
 * <p>What a checkpoint takes in memory beside the training is as much as it takes on disk: the
 * parameters, and twice that for Adam.
 */
public final class Checkpoints {
    private final Path folder;
    private final int everySteps;
    private final int keep;

    private Checkpoints(Path folder, int everySteps, int keep) {
        this.folder = folder;
        this.everySteps = everySteps;
        this.keep = keep;
    }

    /** Those that the settings ask for, if they do. */
    static Optional<Checkpoints> ofSettings(Configuration configuration) {
        return configuration
                .find(Settings.CHECKPOINT_FOLDER)
                .map(
                        folder ->
                                builder()
                                        .setFolder(folder)
                                        .optEverySteps(configuration.get(Settings.CHECKPOINT_STEPS))
                                        .optKeep(configuration.get(Settings.CHECKPOINT_KEEP))
                                        .build());
    }

    /** A builder with every value but the folder at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Where they are; on a file system that every host sees which may run rank 0. */
    public Path folder() {
        return folder;
    }

    /** After how many steps one is written; 0 for only at the end of a pass. */
    public int everySteps() {
        return everySteps;
    }

    /** How many of the newest stay. */
    public int keep() {
        return keep;
    }

    /** Collects the values. */
    public static final class Builder {
        static final int DEFAULT_STEPS = 100;
        static final int DEFAULT_KEEP = 3;

        private @Nullable Path folder; // null until set
        private int everySteps = DEFAULT_STEPS;
        private int keep = DEFAULT_KEEP;

        private Builder() {}

        /** Where they are kept; a folder of this training alone, made if it is not there. */
        public Builder setFolder(Path folder) {
            this.folder = folder;
            return this;
        }

        /** After how many steps one is written; 0 for only at the end of a pass. */
        public Builder optEverySteps(int everySteps) {
            this.everySteps = everySteps;
            return this;
        }

        /** How many of the newest stay. */
        public Builder optKeep(int keep) {
            this.keep = keep;
            return this;
        }

        /**
         * Makes it.
         *
         * @throws IllegalArgumentException with all faults
         */
        public Checkpoints build() {
            StringBuilder faults = new StringBuilder();
            if (folder == null) {
                faults.append(" No folder is set.");
            }
            if (everySteps < 0) {
                faults.append(
                        " One is written every 0 (never between passes) or more steps, not %d."
                                .formatted(everySteps));
            }
            if (keep < 1) {
                faults.append(" At least 1 is kept, not %d.".formatted(keep));
            }
            if (!faults.isEmpty()) {
                throw new IllegalArgumentException("Checkpoints cannot be kept:" + faults);
            }
            return new Checkpoints(Objects.requireNonNull(folder), everySteps, keep);
        }
    }
}
