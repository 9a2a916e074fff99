package org.jhorovod.djl;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.djl.budget.CommunicationBudget;
import org.jhorovod.djl.local.LocalPlan;
import org.jhorovod.djl.local.OuterOptimizer;
import org.jhorovod.djl.local.SiteChoice;
import org.jspecify.annotations.Nullable;

/**
 * How sites train together.
 *
 * @param localPlan how they train by themselves, if they do
 * @param gradientCodec how gradients are packed between them in each step, if they are
 * @param budget by which both are chosen, if they are
 * @param choice which ranks are a site
 * @param streams how many connections two of them share their work by; 0 for so many as it takes
 */
record SiteTraining(
        Optional<LocalPlan> localPlan,
        Optional<Codec> gradientCodec,
        Optional<CommunicationBudget> budget,
        SiteChoice choice,
        int streams) {

    /**
     * What a program has set; -1, or 0 fragments, or null for the setting.
     *
     * @param budget the share of the time
     */
    record Asked(
            int localSteps,
            int fragments,
            int lockSteps,
            @Nullable OuterOptimizer outerOptimizer,
            @Nullable Codec codec,
            @Nullable SiteChoice choice,
            double budget) {}

    /**
     * From what a program has set, and the settings for the rest.
     *
     * @throws ConfigurationException if they cannot be used, or not together
     */
    static SiteTraining of(Asked asked, Configuration settings) {
        int steps = asked.localSteps >= 0 ? asked.localSteps : settings.get(Settings.LOCAL_STEPS);
        int fragments = asked.fragments > 0 ? asked.fragments : settings.get(Settings.FRAGMENTS);
        int lockSteps = asked.lockSteps >= 0 ? asked.lockSteps : settings.get(Settings.LOCK_STEPS);
        OuterOptimizer outer =
                Optional.ofNullable(asked.outerOptimizer)
                        .orElseGet(
                                () ->
                                        parsed(
                                                settings,
                                                Settings.OUTER_OPTIMIZER,
                                                OuterOptimizer::parse));
        Codec codec =
                Optional.ofNullable(asked.codec)
                        .orElseGet(() -> parsed(settings, Settings.CODEC, Codecs::parse));
        SiteChoice choice =
                Optional.ofNullable(asked.choice)
                        .orElseGet(() -> parsed(settings, Settings.SITES, SiteChoice::parse));
        boolean isPacked = !codec.equals(Codecs.parse("none"));
        double share =
                asked.budget >= 0
                        ? asked.budget
                        : settings.find(Settings.COMMUNICATION_BUDGET).orElse(0.0);
        if (share > 0) {
            requireNothingElse(steps > 0 || fragments > 1 || isPacked);
            boolean isOuterGiven =
                    asked.outerOptimizer != null || settings.isSet(Settings.OUTER_OPTIMIZER);
            // DiLoCo's momentum is for many local steps, and here there may be few.
            OuterOptimizer mover = isOuterGiven ? outer : OuterOptimizer.average();
            return new SiteTraining(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(new CommunicationBudget(share, lockSteps, mover)),
                    choice,
                    settings.get(Settings.SITE_STREAMS));
        }
        Optional<LocalPlan> plan =
                steps == 0
                        ? Optional.empty()
                        : Optional.of(
                                new LocalPlan(
                                        steps,
                                        Math.min(fragments, steps),
                                        lockSteps,
                                        outer,
                                        codec));
        boolean packsGradients = steps == 0 && isPacked;
        return new SiteTraining(
                plan,
                packsGradients ? Optional.of(codec) : Optional.empty(),
                Optional.empty(),
                choice,
                settings.get(Settings.SITE_STREAMS));
    }

    private static void requireNothingElse(boolean isMoreGiven) {
        if (isMoreGiven) {
            throw new ConfigurationException(
                    List.of(
                            "A communication budget (JHOROVOD_COMMUNICATION_BUDGET) chooses local"
                                + " steps, fragments and codec by itself, but JHOROVOD_LOCAL_STEPS,"
                                + " JHOROVOD_FRAGMENTS or JHOROVOD_CODEC, or the same of"
                                + " DistributedConfig, is given as well. Give either the budget or"
                                + " these."));
        }
    }

    private static <T> T parsed(
            Configuration settings, Setting<String> setting, Function<String, T> parser) {
        try {
            return parser.apply(settings.get(setting));
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException(
                    List.of("%s: %s".formatted(setting.environmentName(), e.getMessage())));
        }
    }

    /** Whether sites train by themselves, or may be chosen to. */
    boolean mayTrainLocally() {
        return localPlan.isPresent() || budget.isPresent();
    }

    /**
     * Makes sure that a job of so many ranks can be divided so, if it has to be.
     *
     * @throws IllegalArgumentException if not
     */
    void requireFit(int ranks) {
        if (ranks > 1 && (mayTrainLocally() || gradientCodec.isPresent())) {
            choice.requireFit(ranks);
        }
    }
}
