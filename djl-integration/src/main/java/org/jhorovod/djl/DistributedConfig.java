package org.jhorovod.djl;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.config.Settings.ReduceChoice;
import org.jhorovod.djl.local.LocalPlan;
import org.jhorovod.djl.local.OuterOptimizer;
import org.jhorovod.djl.local.SiteChoice;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link DistributedTrainer} works with the other ranks. Everything has a default; a value
 * that is set here wins over the settings in the environment. Immutable.
 */
public final class DistributedConfig {
    private final Communicator communicator;
    private final @Nullable Integer seed; // null where none is set
    private final int bucketMib;
    private final int checkSteps;
    private final ReduceChoice reduce;
    private final ReductionPlace place;
    private final @Nullable Checkpoints checkpoints; // null where none are kept
    private final boolean areCheckpointsOfSettings;
    private final @Nullable LocalPlan localPlan; // null where all ranks stay in step
    private final @Nullable Codec gradientCodec; // null where gradients do not travel packed
    private final SiteChoice sites;
    private final boolean balance;
    private final int generation;

    private DistributedConfig(Builder builder) {
        Configuration configuration = Configuration.fromProcess();
        this.communicator = Optional.ofNullable(builder.communicator).orElseGet(JHorovod::init);
        this.seed =
                Optional.ofNullable(builder.seed)
                        .or(() -> configuration.find(Settings.SEED))
                        .orElse(null);
        this.bucketMib =
                builder.bucketMib > 0 ? builder.bucketMib : configuration.get(Settings.BUCKET_MIB);
        this.checkSteps =
                builder.checkSteps >= 0
                        ? builder.checkSteps
                        : configuration.get(Settings.CHECK_STEPS);
        this.reduce =
                Optional.ofNullable(builder.reduce)
                        .orElseGet(() -> configuration.get(Settings.REDUCE));
        this.place = builder.place;
        this.generation = configuration.get(Settings.GENERATION);
        this.areCheckpointsOfSettings = builder.checkpoints == null;
        this.checkpoints =
                Optional.ofNullable(builder.checkpoints)
                        .or(() -> checkpoints(configuration))
                        .orElse(null);
        int localSteps =
                builder.localSteps >= 0
                        ? builder.localSteps
                        : configuration.get(Settings.LOCAL_STEPS);
        Codec codec =
                Optional.ofNullable(builder.codec)
                        .orElseGet(() -> parsed(configuration, Settings.CODEC, Codecs::parse));
        this.localPlan =
                localSteps == 0 ? null : localPlan(builder, configuration, localSteps, codec);
        this.gradientCodec = localSteps > 0 || codec.equals(Codecs.parse("none")) ? null : codec;
        this.sites =
                Optional.ofNullable(builder.sites)
                        .orElseGet(() -> parsed(configuration, Settings.SITES, SiteChoice::parse));
        if (localPlan != null && communicator.size() > 1) {
            sites.requireFit(communicator.size());
        }
        this.balance =
                Optional.ofNullable(builder.balance)
                        .orElseGet(() -> configuration.get(Settings.BALANCE));
        if (balance && localPlan != null) {
            throw new ConfigurationException(
                    List.of(
                            "Samples are shared out by speed while all ranks stay in step, which"
                                    + " they do not with local steps. Set JHOROVOD_BALANCE=false"
                                    + " (optBalance) or JHOROVOD_LOCAL_STEPS=0 (optLocalSteps)."));
        }
    }

    private static LocalPlan localPlan(
            Builder builder, Configuration configuration, int steps, Codec codec) {
        int fragments =
                builder.fragments > 0 ? builder.fragments : configuration.get(Settings.FRAGMENTS);
        return new LocalPlan(
                steps,
                Math.min(fragments, steps),
                builder.lockSteps >= 0 ? builder.lockSteps : configuration.get(Settings.LOCK_STEPS),
                Optional.ofNullable(builder.outerOptimizer)
                        .orElseGet(
                                () ->
                                        parsed(
                                                configuration,
                                                Settings.OUTER_OPTIMIZER,
                                                OuterOptimizer::parse)),
                codec);
    }

    private static <T> T parsed(
            Configuration configuration, Setting<String> setting, Function<String, T> parser) {
        try {
            return parser.apply(configuration.get(setting));
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException(
                    List.of("%s: %s".formatted(setting.environmentName(), e.getMessage())));
        }
    }

    private static Optional<Checkpoints> checkpoints(Configuration configuration) {
        return configuration
                .find(Settings.CHECKPOINT_FOLDER)
                .map(
                        folder ->
                                Checkpoints.builder()
                                        .setFolder(folder)
                                        .optEverySteps(configuration.get(Settings.CHECKPOINT_STEPS))
                                        .optKeep(configuration.get(Settings.CHECKPOINT_KEEP))
                                        .build());
    }

    /** A builder with every value at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** The way to the other ranks. */
    public Communicator communicator() {
        return communicator;
    }

    /** The seed that was set, if any. */
    public Optional<Integer> seed() {
        return Optional.ofNullable(seed);
    }

    /** How large a bucket of gradients may grow. */
    public int bucketMib() {
        return bucketMib;
    }

    /**
     * After how many steps all parameters are compared, with local steps after each pass; 0 never.
     */
    public int checkSteps() {
        return checkSteps;
    }

    /** When gradients are reduced, and on which thread. */
    public ReduceChoice reduce() {
        return reduce;
    }

    /** The checkpoints that are kept, if any. */
    public Optional<Checkpoints> checkpoints() {
        return Optional.ofNullable(checkpoints);
    }

    /** How sites train by themselves, if they do. */
    Optional<LocalPlan> localPlan() {
        return Optional.ofNullable(localPlan);
    }

    /** How gradients are packed between sites in each step, if they are. */
    Optional<Codec> gradientCodec() {
        return Optional.ofNullable(gradientCodec);
    }

    /** Which ranks are a site. */
    SiteChoice sites() {
        return sites;
    }

    /** Whether samples are shared out in proportion to the ranks' speeds. */
    public boolean balance() {
        return balance;
    }

    /**
     * The checkpoints of one trainer: a setting counts for all trainers of a process, so the first
     * has its folder, and each other a folder in it.
     *
     * @param number of the trainer in its process, from 0
     * @param name of the trainer on all ranks
     */
    Optional<Checkpoints> checkpointsOf(int number, String name) {
        return checkpoints()
                .map(
                        kept ->
                                number == 0 || !areCheckpointsOfSettings
                                        ? kept
                                        : Checkpoints.builder()
                                                .setFolder(kept.folder().resolve(name))
                                                .optEverySteps(kept.everySteps())
                                                .optKeep(kept.keep())
                                                .build());
    }

    /** How often the job was started before. */
    int generation() {
        return generation;
    }

    /** Where gradients are reduced. */
    ReductionPlace place() {
        return place;
    }

    /** Collects the values. */
    public static final class Builder {
        private @Nullable Communicator communicator; // null for the process's own
        private @Nullable Integer seed; // null for the setting
        private int bucketMib; // 0 for the setting
        private int checkSteps = -1; // -1 for the setting
        private @Nullable ReduceChoice reduce; // null for the setting
        private ReductionPlace place = ReductionPlace.onGpus();
        private @Nullable Checkpoints checkpoints; // null for the settings

        private int localSteps = -1; // -1 for the setting, as those below
        private int fragments;
        private int lockSteps = -1;
        private @Nullable OuterOptimizer outerOptimizer;
        private @Nullable Codec codec;
        private @Nullable SiteChoice sites;
        private @Nullable Boolean balance;

        private Builder() {}

        /** The way to the other ranks, in place of the process's own. */
        public Builder optCommunicator(Communicator communicator) {
            this.communicator = communicator;
            return this;
        }

        /** What the order of the data and each rank's random numbers start from. */
        public Builder optSeed(int seed) {
            this.seed = seed;
            return this;
        }

        /** How large a bucket of gradients may grow; the same on all ranks. */
        public Builder optBucketMib(int bucketMib) {
            if (bucketMib < 1 || bucketMib > 1024) {
                throw new IllegalArgumentException(
                        "A bucket must have 1 to 1024 MiB, not %d.".formatted(bucketMib));
            }
            this.bucketMib = bucketMib;
            return this;
        }

        /** After how many steps all parameters are compared between ranks; 0 for never. */
        public Builder optCheckSteps(int checkSteps) {
            if (checkSteps < 0) {
                throw new IllegalArgumentException(
                        "Parameters are compared every 0 (never) or more steps, not %d."
                                .formatted(checkSteps));
            }
            this.checkSteps = checkSteps;
            return this;
        }

        /** When gradients are reduced, and on which thread; the result is the same. */
        public Builder optReduce(ReduceChoice reduce) {
            this.reduce = reduce;
            return this;
        }

        /** Keeps checkpoints of the training, and goes on from the newest. */
        public Builder optCheckpoints(Checkpoints checkpoints) {
            this.checkpoints = checkpoints;
            return this;
        }

        /**
         * So many steps each site trains by itself before all agree on their parameters; 0 for
         * averaging gradients over all ranks in each step. For slow lines between sites, and one
         * trainer at a time. A site that is faster waits for the others, no longer than the
         * operation timeout. A round after few steps, at the end of a pass say, counts as any
         * other.
         */
        public Builder optLocalSteps(int steps) {
            if (steps < 0) {
                throw new IllegalArgumentException(
                        "Sites make 0 (none) or more local steps, not %d.".formatted(steps));
            }
            this.localSteps = steps;
            return this;
        }

        /** Which ranks are a site, and average gradients in each step. */
        public Builder optSites(SiteChoice sites) {
            this.sites = sites;
            return this;
        }

        /** What takes the mean change of the sites after local steps. */
        public Builder optOuterOptimizer(OuterOptimizer outerOptimizer) {
            this.outerOptimizer = outerOptimizer;
            return this;
        }

        /**
         * In so many parts the sites agree on their parameters, by turns; with more than 1 they
         * train on meanwhile. At most as many as local steps, or as the model has parameters.
         */
        public Builder optFragments(int fragments) {
            if (fragments < 1) {
                throw new IllegalArgumentException(
                        "There must be 1 or more fragments, not %d.".formatted(fragments));
            }
            this.fragments = fragments;
            return this;
        }

        /** So many steps at first the sites agree after each. */
        public Builder optLockSteps(int steps) {
            if (steps < 0) {
                throw new IllegalArgumentException(
                        "The sites stay in step for 0 or more steps, not %d.".formatted(steps));
            }
            this.lockSteps = steps;
            return this;
        }

        /** How gradients, or changes after local steps, are packed between sites. */
        public Builder optCodec(Codec codec) {
            this.codec = codec;
            return this;
        }

        /**
         * Whether ranks that work faster take more samples of each global batch, so that none waits
         * for a slow one. The speeds are measured while the training goes on. A fast rank's batch
         * may grow up to as many times as there are ranks, and has to fit into its memory. Not with
         * local steps, nor where gradients are reduced on GPUs.
         */
        public Builder optBalance(boolean balance) {
            this.balance = balance;
            return this;
        }

        /** Where gradients are reduced, for tests without a GPU. */
        Builder place(ReductionPlace place) {
            this.place = place;
            return this;
        }

        /**
         * Makes the configuration; forms the job first, if no communicator was given and none is
         * there yet.
         */
        public DistributedConfig build() {
            return new DistributedConfig(this);
        }
    }
}
