package org.jhorovod.djl;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.codec.CommunicatorExchange;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.budget.Choice;
import org.jhorovod.djl.budget.CommunicationBudget;
import org.jhorovod.djl.budget.Conditions;
import org.jhorovod.djl.budget.Link;
import org.jhorovod.djl.budget.LinkProbe;
import org.jhorovod.djl.budget.PackingTrial;
import org.jhorovod.djl.budget.Way;
import org.jhorovod.djl.local.LocalPlan;
import org.jhorovod.djl.local.Numbers;
import org.jhorovod.djl.local.RoundTimes;
import org.jhorovod.djl.local.SiteChoice;
import org.jhorovod.djl.local.Sites;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [A way that is chosen by itself]
 *
 * All ranks begin with a few local steps at a time, and with what the carriers have found out about their
 * line. At a round of everything all ranks have the same parameters and are in the same place of their
 * training, so there they tell each other what they have measured, and each makes the same choice of the
 * same numbers:
 *
 *   while nothing is chosen     at each round, from the third on, until there are steps enough
 *   without fragments           at the 4th, 8th, 16th … round of a way, and at each 64th
 *   with fragments              a minute after the last time, for which a round of everything is asked for
 *   in each step                32 steps after the last time, which all ranks count alike
 *   always                      where all agree: at the end of each pass, above all
 *
 * Averaging in each step needs ranks that are in the same step, and all in the middle of a pass or all at
 * its end; and momentum that is the same, so the sites agree on what their optimizers remember before.
 * Where that cannot be, a local way is taken. Nor do ranks leave such steps while one that is through with
 * its pass takes part in them: it waits for steps of all ranks.
 *
 * What the codec of a way has not sent yet when another is taken up is lost: of int8, once a change, less
 * than a hundredth of the largest element of each block.
 */
/**
 * Chooses how the sites of a job train together, within a budget for communication. Owned by the
 * training thread.
 */
final class Budget {
    private static final Logger logger = LoggerFactory.getLogger(Budget.class);

    private static final long FIRST_ROUND = 3;
    private static final long ROUNDS_APART = 64;
    private static final long STEPS_APART = 32;
    private static final long ASK_NANOS = 60_000_000_000L;
    private static final double OVERDRAWN = 1.25;

    private final CommunicationBudget budget;
    private final Communicator job;
    private final Sites sites;
    private final String owner;
    private final UnaryOperator<Conditions> view;
    private final StepTimes times = new StepTimes();
    private Way way = Way.FIRST;
    private boolean isChosen;
    private boolean canBeInStep;
    private @Nullable Conditions known; // null until measured
    private RoundTimes rounds = RoundTimes.NONE; // not yet looked at
    private long leastSteps;
    private long lookedNanos = System.nanoTime();

    /** Where a rank is in its program when it looks at what is known. */
    enum Place {
        /** In the middle of its steps. */
        STEPPING,
        /** In a step of other ranks, after its own last batch. */
        JOINING,
        /** Where ranks wait for each other: at the end of a pass, or at a call. */
        MEETING
    }

    /** Numbers that each rank tells in a look, by their place. */
    private enum Told {
        STEP_NANOS,
        STEPS,
        PLACE,
        WAITED_MILLIONTHS,
        EXCHANGE_NANOS,
        BYTES,
        MESSAGES,
        PACKING_FEMTOS // of an element
    }

    private Budget(
            CommunicationBudget budget,
            Communicator job,
            Sites sites,
            String owner,
            UnaryOperator<Conditions> view) {
        this.budget = budget;
        this.job = job;
        this.sites = sites;
        this.owner = owner;
        this.view = view;
    }

    /** Whether there is a budget, and a line that it can be for; otherwise rank 0 says so. */
    static boolean canBeOfUse(DistributedConfig config) {
        Communicator job = config.communicator();
        boolean isOneHost =
                config.sites().kind() == SiteChoice.Kind.AUTO && job.topology().isOneHost();
        return config.communicationBudget().isPresent() && job.size() > 1 && !isOneHost;
    }

    /**
     * Of one trainer; empty where there is one site alone.
     *
     * @param sites stay the caller's
     * @param owner the trainer's name on all ranks
     */
    static Optional<Budget> of(DistributedConfig config, Sites sites, String owner) {
        Communicator job = config.communicator();
        if (sites.inside().size() == job.size()) {
            return Optional.empty();
        }
        return config.communicationBudget()
                .map(budget -> new Budget(budget, job, sites, owner, config.conditions()));
    }

    /** Says on rank 0 where a budget has no effect. */
    static void tellWhereUseless(DistributedConfig config, boolean isUsed) {
        Communicator job = config.communicator();
        boolean isAsked = config.communicationBudget().isPresent() && job.size() > 1;
        if (isAsked && !isUsed && job.rank() == 0) {
            logger.info(
                    "The communication budget has no effect: all ranks are on one host, or one"
                            + " site. Gradients are averaged in each step.");
        }
    }

    /** The local steps of the way in force; the same on all ranks. Empty for none. */
    Optional<LocalPlan> plan() {
        return way.isInStep()
                ? Optional.empty()
                : Optional.of(way.plan(budget.lockSteps(), budget.outerOptimizer()));
    }

    /** How gradients are packed in each step in the way in force, if they are. */
    Optional<Codec> gradientCodec() {
        return way.isInStep() && way.isPacked() ? Optional.of(way.codec()) : Optional.empty();
    }

    /** The fewest steps that a rank had made at the last look. */
    long leastSteps() {
        return leastSteps;
    }

    /**
     * Finds out what can be known before the first step. Blocks until all ranks have done so.
     *
     * @param elements of the model
     * @param canAgree whether sites can agree on all that makes a step
     */
    void measure(long elements, boolean canAgree) {
        canBeInStep = told(canAgree ? 1 : 0, "optimizer").min().orElse(0) == 1;
        long sitesCount = told(sites.across().isPresent() ? 1 : 0, "sites").sum();
        Link link = probe();
        double oneConnection = oneConnection(link);
        Map<String, Double> packing = new HashMap<>();
        for (Codec codec : Way.CODECS) {
            double mine =
                    sites.across().isPresent()
                            ? PackingTrial.secondsPerElement(codec, elements, (int) sitesCount)
                            : 0;
            long most = told(Math.round(mine * 1e15), codec.name()).max().orElse(0);
            packing.put(codec.name(), most / 1e15);
        }
        // Until steps are known: it is not used before.
        known = new Conditions(link, oneConnection, (int) sitesCount, elements, 1, packing);
    }

    /** Over all connections by which sites share what is long. */
    private Link probe() {
        return probe(sites.streams());
    }

    /** The part of a line's rate that one of its connections reaches. */
    private double oneConnection(Link line) {
        if (told(sites.streams().size(), "streams").max().orElse(0) <= 1) {
            return 1;
        }
        Link one = probe(sites.streams().stream().limit(1).toList());
        return Math.min(1, one.bytesPerSecond() / line.bytesPerSecond());
    }

    private Link probe(List<Communicator> streams) {
        String name = owner + "/link";
        Optional<Link> mine =
                sites.across()
                        .map(
                                carriers ->
                                        LinkProbe.measure(
                                                carriers,
                                                new CommunicatorExchange(streams, name),
                                                owner));
        long rate = Math.round(mine.map(Link::bytesPerSecond).orElse(0.0));
        long delay = Math.round(mine.map(Link::delaySeconds).orElse(0.0) * 1e9);
        long least = told(rate, "rate").filter(each -> each > 0).min().orElse(1);
        return new Link(least, told(delay, "delay").max().orElse(0) / 1e9);
    }

    private LongStream told(long mine, String what) {
        return Stream.of(Numbers.gather(job, owner + "/budget/" + what, mine))
                .mapToLong(ofRank -> ofRank[0]);
    }

    /** Notes how long a step took, and how long the training thread waited in it. */
    void stepTook(long busyNanos, long waitedNanos) {
        times.add(busyNanos, waitedNanos);
    }

    /** Whether this rank would like to look at what is known, which takes a round of everything. */
    boolean wantsToLook() {
        return System.nanoTime() - lookedNanos > ASK_NANOS;
    }

    /**
     * Whether all ranks look now, after a round of everything.
     *
     * @param number of rounds that have been made in this way
     * @param isLast whether all sites have agreed
     * @param stepsOn whether rounds of everything are rare
     */
    boolean isTimeToLook(long number, boolean isLast, boolean stepsOn) {
        if (isLast || stepsOn) {
            return true;
        }
        boolean isPower = Long.bitCount(number) == 1;
        return isChosen ? isPower || number % ROUNDS_APART == 0 : number >= FIRST_ROUND;
    }

    /**
     * Whether all ranks look now, after a step that they have made together.
     *
     * @param stepCount how many have been made, the same on all ranks
     */
    boolean isTimeToLook(long stepCount) {
        return stepCount - leastSteps >= STEPS_APART;
    }

    /**
     * Looks at what all ranks have measured since, and chooses. A collective; all ranks have the
     * same parameters.
     *
     * @param more of what rounds took, on a carrier
     * @param stepCount how many steps this rank has made
     * @return whether there is another way in force now
     */
    boolean look(Optional<RoundTimes> more, Place place, long stepCount) {
        more.ifPresent(seen -> rounds = rounds.plus(seen));
        long[][] told = Numbers.gather(job, owner + "/budget", mine(place, stepCount));
        rounds = RoundTimes.NONE;
        lookedNanos = System.nanoTime();
        leastSteps = column(told, Told.STEPS).min().orElse(stepCount);
        long stepNanos = column(told, Told.STEP_NANOS).max().orElse(0);
        Conditions before = known;
        boolean areTogether =
                column(told, Told.STEPS).distinct().count() == 1
                        && column(told, Told.PLACE).distinct().count() == 1
                        && column(told, Told.PLACE).noneMatch(p -> p == Place.JOINING.ordinal());
        if (stepNanos == 0 || before == null || (way.isInStep() && !areTogether)) {
            return false;
        }
        Conditions seen =
                (way.isInStep() ? inStep(before, told) : betweenRounds(before, told))
                        .withStep(stepNanos / 1e9);
        Conditions now = view.apply(isChosen ? before.towards(seen) : seen);
        known = now;
        Choice choice =
                isChosen
                        ? Choice.next(way, budget.share(), now, each -> canBe(each, areTogether))
                        : Choice.first(budget.share(), now, each -> canBe(each, areTogether));
        return take(choice);
    }

    private boolean canBe(Way each, boolean areTogether) {
        return !each.isInStep() || (areTogether && canBeInStep);
    }

    private boolean take(Choice choice) {
        boolean isNew = !isChosen || !choice.way().equals(way);
        boolean isOther = !choice.way().equals(way);
        if (isNew && job.rank() == 0) {
            if (choice.fits()) {
                logger.info("Communication: {}", choice.describe());
            } else {
                logger.warn(
                        "Communication: {}. No way fits; this one is the cheapest.",
                        choice.describe());
            }
            logger.info("What each way would take: {}", choice.describeAll());
        }
        isChosen = true;
        way = choice.way();
        return isOther;
    }

    private long[] mine(Place place, long stepCount) {
        long[] mine = new long[Told.values().length];
        mine[Told.STEP_NANOS.ordinal()] = times.median();
        mine[Told.STEPS.ordinal()] = stepCount;
        mine[Told.PLACE.ordinal()] = place.ordinal();
        mine[Told.WAITED_MILLIONTHS.ordinal()] = Math.round(times.takeWaitedShare() * 1e6);
        mine[Told.EXCHANGE_NANOS.ordinal()] = rounds.exchangeNanos();
        mine[Told.BYTES.ordinal()] = rounds.bytes();
        mine[Told.MESSAGES.ordinal()] = rounds.messages();
        mine[Told.PACKING_FEMTOS.ordinal()] =
                Math.round(rounds.packingNanos() * 1e6 / Math.max(1, rounds.packed()));
        return mine;
    }

    private static LongStream column(long[][] told, Told what) {
        return Stream.of(told).mapToLong(ofRank -> ofRank[what.ordinal()]);
    }

    /**
     * As the carriers have found it in their rounds: one that came late to an exchange has waited
     * about as much less as the others have waited more, so their mean is what it took.
     */
    private Conditions betweenRounds(Conditions before, long[][] told) {
        double seconds =
                column(told, Told.EXCHANGE_NANOS).filter(nanos -> nanos > 0).average().orElse(0)
                        / 1e9;
        Link link =
                before.link()
                        .seenIn(
                                seconds,
                                column(told, Told.BYTES).max().orElse(0),
                                column(told, Told.MESSAGES).max().orElse(0));
        double packing = column(told, Told.PACKING_FEMTOS).max().orElse(0) / 1e15;
        return before.withLink(link).withPacking(way.codec(), packing);
    }

    /** Where all wait in each step, the rank that waits least waits for the line alone. */
    private Conditions inStep(Conditions before, long[][] told) {
        double waited = column(told, Told.WAITED_MILLIONTHS).min().orElse(0) / 1e6;
        if (waited <= OVERDRAWN * budget.share()) {
            return before;
        }
        Link link = probe();
        return before.withLink(link, oneConnection(link)).costing(way, waited);
    }
}
