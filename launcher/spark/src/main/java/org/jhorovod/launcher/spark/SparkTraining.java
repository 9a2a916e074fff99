package org.jhorovod.launcher.spark;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.TrainingConfig;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.api.java.function.Function0;
import org.jhorovod.djl.Checkpoints;
import org.jspecify.annotations.Nullable;

/**
 * How {@link SparkJHorovod#train} trains a model on the rows of a DataFrame. Immutable; goes to the
 * executors, as do the functions that make the network and its configuration there.
 */
public final class SparkTraining implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int numProc;
    private final NumericColumns features;
    private final NumericColumns label;
    private final long[] input;
    private final Function0<Block> block;
    private final Function<RankContext, TrainingConfig> config;
    private final int batchSize;
    private final int epochs;
    private final @Nullable Integer seed; // null where none is set
    private final int maxRestarts;
    private final @Nullable String checkpointFolder; // null where none are kept; a Path is not sent
    private final int checkpointSteps;
    private final int checkpointsKept;

    private SparkTraining(Builder builder) {
        this.numProc = builder.numProc;
        this.features = new NumericColumns(builder.features);
        this.label = new NumericColumns(builder.label);
        this.input = builder.required(builder.input, "setInput").getShape();
        this.block = builder.required(builder.block, "setBlock");
        this.config = builder.required(builder.config, "setConfig");
        this.batchSize = builder.batchSize;
        this.epochs = builder.epochs;
        this.seed = builder.seed;
        this.maxRestarts = builder.maxRestarts;
        Checkpoints checkpoints = builder.checkpoints;
        this.checkpointFolder = checkpoints == null ? null : checkpoints.folder().toString();
        this.checkpointSteps = checkpoints == null ? 0 : checkpoints.everySteps();
        this.checkpointsKept = checkpoints == null ? 0 : checkpoints.keep();
    }

    /** A builder; what it calls {@code set…} is required. */
    public static Builder builder() {
        return new Builder();
    }

    int numProc() {
        return numProc;
    }

    NumericColumns features() {
        return features;
    }

    NumericColumns label() {
        return label;
    }

    /** The shape of one sample. */
    Shape input() {
        return new Shape(input);
    }

    Block newBlock() throws Exception {
        return block.call();
    }

    /** What makes the network, for wherever it is needed. */
    Function0<Block> block() {
        return block;
    }

    TrainingConfig newConfig(RankContext rank) throws Exception {
        return config.call(rank);
    }

    int batchSize() {
        return batchSize;
    }

    int epochs() {
        return epochs;
    }

    @Nullable Integer seed() {
        return seed;
    }

    Optional<Checkpoints> checkpoints() {
        return Optional.ofNullable(checkpointFolder)
                .map(
                        folder ->
                                Checkpoints.builder()
                                        .setFolder(Path.of(folder))
                                        .optEverySteps(checkpointSteps)
                                        .optKeep(checkpointsKept)
                                        .build());
    }

    int maxRestarts() {
        return maxRestarts;
    }

    /** Collects the values. */
    public static final class Builder {
        private int numProc;
        private List<String> features = List.of();
        private List<String> label = List.of();
        private @Nullable Shape input; // null until set, like the two below
        private @Nullable Function0<Block> block;
        private @Nullable Function<RankContext, TrainingConfig> config;
        private int batchSize;
        private int epochs;
        private @Nullable Integer seed; // null for the setting of JHorovod
        private int maxRestarts;
        private @Nullable Checkpoints checkpoints; // null for none

        private Builder() {}

        /** How many ranks train together. */
        public Builder setNumProc(int numProc) {
            this.numProc = numProc;
            return this;
        }

        /**
         * The columns that the model sees, one after another: numbers or arrays of numbers. It gets
         * them as float32.
         */
        public Builder setFeatures(String... columns) {
            this.features = List.of(columns);
            return this;
        }

        /** The column with the truth: a number, the class say, or an array of numbers. */
        public Builder setLabel(String column) {
            this.label = List.of(column);
            return this;
        }

        /** The shape of one sample, without the batch: as many elements as there are features. */
        public Builder setInput(Shape input) {
            this.input = input;
            return this;
        }

        /** Makes the network, in each executor. */
        public Builder setBlock(Function0<Block> block) {
            this.block = block;
            return this;
        }

        /** Makes the configuration, with one device: loss, optimizer, evaluators, listeners. */
        public Builder setConfig(Function<RankContext, TrainingConfig> config) {
            this.config = config;
            return this;
        }

        /** Samples in a batch of each rank. */
        public Builder setBatchSize(int batchSize) {
            this.batchSize = batchSize;
            return this;
        }

        /** How often each row is used. */
        public Builder setEpochs(int epochs) {
            this.epochs = epochs;
            return this;
        }

        /** What the order of the rows and the random numbers of the ranks start from. */
        public Builder optSeed(int seed) {
            this.seed = seed;
            return this;
        }

        /**
         * How often the job is begun anew, at most, when a rank or its executor fails; 0 if not
         * set. It goes on from the newest checkpoint, or from the beginning where none are kept.
         */
        public Builder optMaxRestarts(int maxRestarts) {
            this.maxRestarts = maxRestarts;
            return this;
        }

        /**
         * Keeps checkpoints, and goes on from the newest that is there. Their folder lies where all
         * executors reach it under the same path, and is of this training alone: one that finds its
         * own end there has nothing left to do.
         */
        public Builder optCheckpoints(Checkpoints checkpoints) {
            this.checkpoints = checkpoints;
            return this;
        }

        /**
         * Makes the training.
         *
         * @throws IllegalArgumentException with all that is missing or wrong
         */
        public SparkTraining build() {
            List<String> faults = new ArrayList<>();
            requirePositive("setNumProc", numProc, faults);
            requirePositive("setBatchSize", batchSize, faults);
            requirePositive("setEpochs", epochs, faults);
            require("setFeatures", !features.isEmpty(), faults);
            require("setLabel", !label.isEmpty(), faults);
            require("setInput", input != null, faults);
            require("setBlock", block != null, faults);
            require("setConfig", config != null, faults);
            if (maxRestarts < 0) {
                faults.add("optMaxRestarts must be 0 or more, not %d.".formatted(maxRestarts));
            }
            if (checkpoints != null && !checkpoints.folder().isAbsolute()) {
                faults.add(
                        "The folder of optCheckpoints must be absolute, not '%s': each executor has a working folder of its own."
                                .formatted(checkpoints.folder()));
            }
            if (!faults.isEmpty()) {
                throw new IllegalArgumentException(String.join(" ", faults));
            }
            return new SparkTraining(this);
        }

        private static void requirePositive(String setter, int value, List<String> faults) {
            if (value < 1) {
                faults.add("%s must be called, with 1 or more; it is %d.".formatted(setter, value));
            }
        }

        private static void require(String setter, boolean isSet, List<String> faults) {
            if (!isSet) {
                faults.add("%s must be called.".formatted(setter));
            }
        }

        private <V> V required(@Nullable V value, String setter) {
            if (value == null) {
                throw new IllegalStateException("bug: %s was not checked".formatted(setter));
            }
            return value;
        }
    }
}
