package org.jhorovod.djl;

import ai.djl.training.optimizer.Optimizer;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.local.CodecBytes;
import org.jhorovod.djl.local.Elements;
import org.jhorovod.djl.local.LocalPlan;
import org.jhorovod.djl.local.LocalSteps;
import org.jhorovod.djl.local.Sites;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ranks with which one trainer reduces the gradients of each step: all of the job, in full or
 * packed between sites, or those of its site, which agrees with the others now and then; with a
 * communication budget the one or the other, as is chosen. Owned by the training thread.
 */
final class LocalTraining implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(LocalTraining.class);

    private final Communicator job;
    private final String owner;
    private final boolean keepsCheckpoints;
    private final @Nullable Budget budget; // null where nothing is chosen by itself
    private @Nullable LocalPlan plan; // null where all ranks stay in step
    private @Nullable Codec codec; // null where gradients do not travel packed
    private @Nullable Sites sites; // null where nobody needs to know
    private @Nullable LocalSteps steps; // as the plan, and before the start
    private List<NamedParameter> parameters = List.of();
    private @Nullable OptimizerAgreement agreement; // as the sites, and before the start
    private boolean haveSteppedApart; // since optimizers agreed, before these steps began
    private boolean hasMoved; // before these steps began
    private boolean isStepUnlike; // others: the last had a measurement or an agreement in it
    private boolean hasChanged;
    private long waitedNanos; // before these steps began

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
        boolean asksForBudget = Budget.canBeOfUse(config);
        Sites made =
                plan == null && codec == null && !asksForBudget
                        ? null
                        : Sites.of(job, owner, config.sites(), config.streams());
        if (codec != null && made != null && made.inside().size() == job.size()) {
            codec = null;
            if (job.rank() == 0) {
                logger.warn(
                        "All ranks are one site: gradients are not packed, as there is no other to"
                                + " send them to.");
            }
        }
        this.budget =
                asksForBudget && made != null ? Budget.of(config, made, owner).orElse(null) : null;
        Budget.tellWhereUseless(config, budget != null);
        if (budget != null) {
            plan = budget.plan().orElse(null);
        }
        this.sites = made;
    }

    /** Whether sites may train by themselves. */
    static boolean isPossible(DistributedConfig config) {
        boolean isAsked = config.localPlan().isPresent() || Budget.canBeOfUse(config);
        return isAsked && config.communicator().size() > 1;
    }

    /** The ranks that stay in step with this one. */
    Communicator inside() {
        Sites known = sites;
        return known == null || plan == null ? job : known.inside();
    }

    /** Whether all ranks have the same parameters only where they agree on them. */
    boolean isByAgreement() {
        return plan != null;
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
     * With a communication budget a collective.
     *
     * @param stepCount how many steps have been made
     */
    void start(List<NamedParameter> all, Optimizer optimizer, long stepCount) {
        parameters = all;
        Sites known = sites;
        OptimizerAgreement made =
                known == null
                        ? null
                        : new OptimizerAgreement(job, known, owner, optimizer, parameters);
        agreement = made;
        tellWhereCodecIsUseless();
        if (budget != null) {
            long elements = ParameterElements.of(all).stream().mapToLong(Elements::count).sum();
            // As sites must before they train in step.
            budget.measure(elements, made != null && made.isPossible());
        }
        begin(stepCount);
    }

    /** Says so on rank 0, once all is known that decides it. A budget knows it by itself. */
    private void tellWhereCodecIsUseless() {
        LocalPlan local = plan;
        Codec chosen = local != null ? local.codec() : codec;
        Sites known = sites;
        if (job.rank() == 0 && budget == null && chosen != null && known != null) {
            List<long[]> shapes =
                    parameters.stream()
                            .filter(each -> each.isTrained() && !each.isRunningStatistic())
                            .map(each -> each.array().getShape().getShape())
                            .toList();
            known.across()
                    .flatMap(carriers -> CodecBytes.of(chosen, carriers.size(), shapes).warning())
                    .ifPresent(logger::warn);
        }
    }

    private void begin(long stepCount) {
        KeptElements before = velocities();
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
     * @param place in the step, or joining in others'
     * @return whether they have now
     */
    boolean stepMade(long samples, long stepCount, boolean wantsAll, Budget.Place place) {
        isStepUnlike = false;
        LocalSteps known = steps;
        if (known == null) {
            if (budget != null && budget.isTimeToLook(stepCount)) {
                look(place, stepCount, false);
            }
            return true;
        }
        boolean wantsLook = budget != null && known.stepsOn() && budget.wantsToLook();
        // A step moves parameters even if its samples have come by another way.
        boolean isAll = known.stepMade(Math.max(1, samples), stepCount, wantsAll || wantsLook);
        if (isAll) {
            agreeForCheckpoint(known);
            look(place, stepCount, false);
        }
        return isAll;
    }

    /**
     * Has all ranks agree on their parameters.
     *
     * @param isEndOfPass whether a pass over the data has ended, on some ranks after more steps
     *     than on others
     * @return the name of the moment, if the parameters have moved since the last one
     */
    Optional<String> agree(boolean isEndOfPass, long stepCount) {
        if (steps == null) {
            if (isEndOfPass) {
                look(Budget.Place.MEETING, stepCount, true);
            }
            return Optional.empty();
        }
        String moment = "";
        boolean isLast = false;
        // Others that are not yet there may change the way meanwhile; the last round ends it.
        while (!isLast && steps != null) {
            LocalSteps known = steps;
            LocalSteps.Met met = isEndOfPass ? known.endPass(stepCount) : known.agree(stepCount);
            isLast = met.isLast();
            moment = "%s after round %d".formatted(owner, known.rounds());
            hasMoved |= isLast && known.takeMoved();
            agreeForCheckpoint(known);
            if (met.isOfEverything()) {
                look(Budget.Place.MEETING, stepCount, isLast);
            }
        }
        boolean moved = hasMoved;
        hasMoved = false;
        return moved ? Optional.of(moment) : Optional.empty();
    }

    /** Chooses anew with all ranks, where it is time and they have the same parameters. */
    private void look(Budget.Place place, long stepCount, boolean isLast) {
        Budget chooser = budget;
        LocalSteps known = steps;
        if (chooser == null
                || (known != null
                        && !chooser.isTimeToLook(known.rounds(), isLast, known.stepsOn()))) {
            return;
        }
        long startNanos = System.nanoTime();
        boolean isOther =
                chooser.look(
                        Optional.ofNullable(known).flatMap(LocalSteps::takeTimes),
                        place,
                        stepCount);
        waitedSince(startNanos);
        if (isOther) {
            plan = chooser.plan().orElse(null);
            codec = chooser.gradientCodec().orElse(null);
            begin(chooser.leastSteps());
            hasChanged = true;
        }
    }

    /**
     * Whether, since the last call, other ranks stay in step, or train another way. Steps of all
     * ranks together begin with an agreement on what optimizers remember, for which it blocks.
     */
    boolean takeChanged() {
        boolean changed = hasChanged;
        hasChanged = false;
        if (changed && !isByAgreement()) {
            agreeOnOptimizers();
        }
        return changed;
    }

    /** After a round: see Note [What optimizers remember after local steps]. */
    private void agreeForCheckpoint(LocalSteps known) {
        if (known.isInFull()) {
            haveSteppedApart |= known.takeSteppedApart();
            agreeOnOptimizers();
        }
    }

    private void agreeOnOptimizers() {
        OptimizerAgreement known = agreement;
        if (haveSteppedApart && known != null) {
            long startNanos = System.nanoTime();
            known.run();
            waitedSince(startNanos);
        }
        haveSteppedApart = false;
    }

    private void waitedSince(long startNanos) {
        waitedNanos += System.nanoTime() - startNanos;
        isStepUnlike = true;
    }

    /**
     * Notes how long a step took.
     *
     * @param busyNanos without waiting; 0 where it is not known
     */
    void stepTook(long busyNanos, long waited) {
        if (budget != null && !isStepUnlike) {
            budget.stepTook(busyNanos, waited);
        }
    }

    /** The samples of a step of all ranks, as far as one site can tell. */
    long estimated(long samplesOfSite) {
        return samplesOfSite * job.size() / inside().size();
    }

    /** What the outer optimizer remembers. */
    KeptElements velocities() {
        return steps == null ? KeptElements.none() : new KeptElements(steps.velocities());
    }

    /** How long the training thread has waited for other sites, or agreed with them. */
    long waitedNanos() {
        return waitedNanos + (steps == null ? 0 : steps.waitedNanos());
    }

    private void closeSteps() {
        if (steps != null) {
            waitedNanos += steps.waitedNanos();
            hasMoved |= steps.takeMoved();
            haveSteppedApart |= steps.takeSteppedApart();
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
