package org.jhorovod.djl;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.config.Settings.ReduceChoice;
import org.jhorovod.djl.budget.CommunicationBudget;
import org.jhorovod.djl.budget.Conditions;
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
    private final boolean balance;
    private final int stragglerSteps;
    private final int stragglerPercent;
    private final SiteTraining siteTraining;
    private final UnaryOperator<Conditions> conditions;
    private final int generation;
    private final Autotune autotune;

    private DistributedConfig(Builder builder) {
        Configuration configuration = Configuration.fromProcess();
        this.communicator =
                Optional.ofNullable(builder.communicator).orElseGet(JHorovod::init).planned();
        this.seed =
                Optional.ofNullable(builder.seed)
                        .or(() -> configuration.find(Settings.SEED))
                        .orElse(null);
        this.bucketMib =
                builder.bucketMib >= 0 ? builder.bucketMib : configuration.get(Settings.BUCKET_MIB);
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
                        .or(() -> Checkpoints.ofSettings(configuration))
                        .orElse(null);
        this.siteTraining = SiteTraining.of(builder.asked(), configuration);
        siteTraining.requireFit(communicator.size());
        this.conditions = builder.conditions;
        this.balance =
                Optional.ofNullable(builder.balance)
                        .orElseGet(() -> configuration.get(Settings.BALANCE));
        this.stragglerSteps =
                siteTraining.mayTrainLocally() ? 0 : configuration.get(Settings.STRAGGLER_STEPS);
        this.stragglerPercent = configuration.get(Settings.STRAGGLER_PERCENT);
        this.autotune = Autotune.of(configuration, builder.bucketMib >= 0, builder.reduce != null);
        if (balance && siteTraining.mayTrainLocally()) {
            throw new ConfigurationException(
                    List.of(
                            "Samples are shared out by speed while all ranks stay in step, which"
                                    + " they do not with local steps, which a communication budget"
                                    + " may choose too. Set JHOROVOD_BALANCE=false (optBalance),"
                                    + " or JHOROVOD_LOCAL_STEPS=0 (optLocalSteps) and no"
                                    + " JHOROVOD_COMMUNICATION_BUDGET (optCommunicationBudget)."));
        }
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

    /** How large a bucket of gradients may grow; 0 where each gradient has one. */
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

    /** What is tuned while training goes on. */
    Autotune autotune() {
        return autotune;
    }

    /** The checkpoints that are kept, if any. */
    public Optional<Checkpoints> checkpoints() {
        return Optional.ofNullable(checkpoints);
    }

    /** How sites train by themselves, if they do. */
    Optional<LocalPlan> localPlan() {
        return siteTraining.localPlan();
    }

    /** How gradients are packed between sites in each step, if they are. */
    Optional<Codec> gradientCodec() {
        return siteTraining.gradientCodec();
    }

    /** What communication between sites may take, if that is given. */
    Optional<CommunicationBudget> communicationBudget() {
        return siteTraining.budget();
    }

    /** What is made of the conditions that have been measured, for tests. */
    UnaryOperator<Conditions> conditions() {
        return conditions;
    }

    /** Which ranks are a site. */
    SiteChoice sites() {
        return siteTraining.choice();
    }

    /** How many connections two sites share their work by; 0 for so many as it takes. */
    int streams() {
        return siteTraining.streams();
    }

    /** Whether samples are shared out in proportion to the ranks' speeds. */
    public boolean balance() {
        return balance;
    }

    /** After how many steps rank 0 says who is the slowest; 0 never, as with local steps. */
    int stragglerSteps() {
        return stragglerSteps;
    }

    /** By how much more than the others the slowest has to work for that. */
    int stragglerPercent() {
        return stragglerPercent;
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
        private int bucketMib = -1; // -1 for the setting
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
        private double communicationBudget = -1;
        private UnaryOperator<Conditions> conditions = UnaryOperator.identity();

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

        /**
         * How large a bucket of gradients may grow, 0 for a bucket of each gradient; the same on
         * all ranks.
         */
        public Builder optBucketMib(int bucketMib) {
            if (bucketMib < 0 || bucketMib > 1024) {
                throw new IllegalArgumentException(
                        "A bucket must have 0 to 1024 MiB, not %d.".formatted(bucketMib));
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

        /**
         * When gradients are reduced, and on which thread; the result is the same. Packed between
         * sites they are always reduced in the step.
         */
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

        /**
         * At most this share of the time goes to communication between sites, such as 0.2; 0 for no
         * such budget. The line, and how long a step takes, are measured, and local steps,
         * fragments and codec chosen, and chosen anew as that changes; so they cannot be given as
         * well. What takes the mean change is then an average, unless an outer optimizer is given.
         * One trainer at a time; no effect where all ranks are on one host.
         */
        public Builder optCommunicationBudget(double share) {
            if (!(share >= 0) || share >= 1) {
                throw new IllegalArgumentException(
                        "A communication budget is a share of the time, from 0 (none) to less than 1, not %s."
                                .formatted(share));
            }
            this.communicationBudget = share;
            return this;
        }

        private SiteTraining.Asked asked() {
            return new SiteTraining.Asked(
                    localSteps,
                    fragments,
                    lockSteps,
                    outerOptimizer,
                    codec,
                    sites,
                    communicationBudget);
        }

        /** What is made of the conditions that have been measured, for tests. */
        Builder conditions(UnaryOperator<Conditions> conditions) {
            this.conditions = conditions;
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
