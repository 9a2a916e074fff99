package org.jhorovod.djl;

import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.local.Elements;
import org.jhorovod.djl.local.LocalPlan;
import org.jhorovod.djl.local.LocalSteps;
import org.jhorovod.djl.local.Sites;
import org.jspecify.annotations.Nullable;

/**
 * The ranks with which one trainer reduces the gradients of each step: all of the job, in full or
 * packed between sites, or those of its site, which agrees with the others now and then. Owned by
 * the training thread.
 */
final class LocalTraining implements AutoCloseable {
    private final Communicator job;
    private final String owner;
    private final boolean keepsCheckpoints;
    private final @Nullable LocalPlan plan; // null where all ranks stay in step
    private final @Nullable Codec codec; // null where gradients do not travel packed
    private @Nullable Sites sites; // null where there is neither plan nor codec
    private @Nullable LocalSteps steps; // as the plan, and before the start

    /**
     * Of one trainer; with local steps a collective.
     *
     * @param owner the trainer's name on all ranks
     */
    LocalTraining(DistributedConfig config, String owner) {
        this.job = config.communicator();
        this.owner = owner;
        this.keepsCheckpoints = config.checkpoints().isPresent();
        this.plan = config.localPlan().filter(plan -> job.size() > 1).orElse(null);
        this.codec = config.gradientCodec().filter(codec -> job.size() > 1).orElse(null);
        this.sites = plan == null && codec == null ? null : Sites.of(job, owner, config.sites());
    }

    /** The ranks that stay in step with this one. */
    Communicator inside() {
        Sites known = sites;
        return known == null || plan == null ? job : known.inside();
    }

    /** How gradients travel between sites in each step, if they are packed. */
    Optional<PackedReduction> packing() {
        Sites known = sites;
        return known == null || codec == null
                ? Optional.empty()
                : Optional.of(new PackedReduction(job, known, codec, owner));
    }

    /**
     * Starts, when all ranks have the same parameters; anew when the block is initialised anew.
     *
     * @param stepCount how many steps have been made
     */
    void start(List<NamedParameter> parameters, long stepCount) {
        Velocities before = velocities();
        closeSteps();
        Sites known = sites;
        if (plan != null && known != null) {
            List<Elements> elements = ParameterElements.of(parameters);
            steps = new LocalSteps(known, owner, plan, elements, keepsCheckpoints, stepCount);
            velocities().takeOver(before);
        }
    }

    /**
     * Notes a step of the site.
     *
     * @param samples of the site in this step
     * @param stepCount how many have been made
     * @param wantsAll whether all ranks should have the same parameters soon
     * @return whether they have now
     */
    boolean stepMade(long samples, long stepCount, boolean wantsAll) {
        LocalSteps known = steps;
        // A step moves parameters even if its samples have come by another way.
        return known == null || known.stepMade(Math.max(1, samples), stepCount, wantsAll);
    }

    /**
     * Has all ranks agree on their parameters.
     *
     * @param isEndOfPass whether a pass over the data has ended, on some ranks after more steps
     *     than on others
     * @return the name of the moment, if the parameters have moved since the last one
     */
    Optional<String> agree(boolean isEndOfPass, long stepCount) {
        LocalSteps known = steps;
        if (known == null) {
            return Optional.empty();
        }
        boolean hasMoved = isEndOfPass ? known.endPass(stepCount) : known.agree(stepCount);
        return hasMoved
                ? Optional.of("%s after round %d".formatted(owner, known.rounds()))
                : Optional.empty();
    }

    /** The samples of a step of all ranks, as far as one site can tell. */
    long estimated(long samplesOfSite) {
        return samplesOfSite * job.size() / inside().size();
    }

    /** What the outer optimizer remembers. */
    Velocities velocities() {
        return steps == null ? Velocities.none() : new Velocities(steps.velocities());
    }

    /** How long the training thread has waited for other sites. */
    long waitedNanos() {
        return steps == null ? 0 : steps.waitedNanos();
    }

    private void closeSteps() {
        if (steps != null) {
            steps.close();
            steps = null;
        }
    }

    @Override
    public void close() {
        closeSteps();
        if (sites != null) {
            sites.close();
            sites = null;
        }
    }
}
