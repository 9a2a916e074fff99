package org.jhorovod.djl.local;

import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jspecify.annotations.Nullable;

/*
 * Note [Rounds]
 *
 * Inside a site gradients are averaged in each step, so all its ranks have the same parameters. After
 * some steps each site makes a round with the others: the carriers tell each other where they stand,
 * average their sites' changes of one fragment, or of all, and each gives the mean to its site. All
 * ranks move their common parameters by it in the same way, and have the same bits.
 *
 *   one fragment        the ranks wait for the round; afterwards all have the same parameters
 *   several             the carriers' round goes on beside the steps, and is settled when the next
 *                       fragment's turn has come: a fixed number of steps later, so that a training
 *                       can be repeated
 *
 * A site that is through with its pass answers the rounds of those which are not, with the change
 * that it has left, if any, and goes on when all have said that they are through: that round is one
 * of all fragments. So every pass ends with the same parameters on all ranks.
 *
 * What a round is to be follows from what all sites said in the one before. So none has to be told.
 */
/**
 * Has sites train by themselves for some steps and agree on their parameters in between. Owned by
 * the training thread.
 */
public final class LocalSteps implements AutoCloseable {
    private static final int HEADER = 5;

    private final Sites sites;
    private final String owner;
    private final LocalPlan plan;
    private final List<Fragment> fragments = new ArrayList<>();
    private final int cycle;
    private final Optional<Crossing> crossing;
    private final HostTensor header;

    private long rounds;
    private int turn; // of the fragments
    private long sinceRound;
    private Round.Kind next;
    private boolean hasMovedSince; // all ranks agreed last, as far as asked for
    private boolean haveSteppedApart; // since asked for
    private boolean isInFull; // the last round
    private @Nullable Begun underWay; // null where the ranks wait for each round
    private long waitedNanos;

    /** A round that has begun; its result is on the carrier alone. */
    private record Begun(
            Optional<CompletableFuture<Round>> result, boolean isTaken, boolean averages) {}

    /**
     * Begins, when all ranks have the same parameters.
     *
     * @param sites stay the caller's
     * @param owner the trainer's name on all ranks
     * @param parameters in the model's order
     * @param keepsCheckpoints whether nothing may be left in a residual where a checkpoint may be
     *     written
     * @param steps made before
     */
    public LocalSteps(
            Sites sites,
            String owner,
            LocalPlan plan,
            List<Elements> parameters,
            boolean keepsCheckpoints,
            long steps) {
        this.sites = sites;
        this.owner = owner;
        this.plan = plan;
        List<Elements> trained = parameters.stream().filter(e -> !e.isStatistic()).toList();
        List<List<Elements>> parts = FragmentPlan.cut(trained, plan.fragments());
        this.cycle = parts.size(); // of a small model fewer than were asked for
        boolean stepsOn = cycle > 1;
        for (List<Elements> members : parts) {
            fragments.add(new Fragment(members, plan.codec(), plan.outerOptimizer(), stepsOn));
        }
        List<Elements> statistics = parameters.stream().filter(Elements::isStatistic).toList();
        if (!statistics.isEmpty()) {
            OuterOptimizer average = OuterOptimizer.average();
            fragments.add(new Fragment(statistics, Codecs.parse("none"), average, stepsOn));
        }
        Round.Rules rules =
                new Round.Rules(fragments.size(), cycle, plan.lockSteps(), keepsCheckpoints);
        this.crossing =
                sites.across()
                        .map(
                                carriers ->
                                        new Crossing(
                                                carriers,
                                                sites.exchange(owner + "/across"),
                                                owner,
                                                fragments,
                                                rules));
        this.header = HostTensor.allocate(DataType.INT64, HEADER + fragments.size());
        this.next = plan.lockSteps() > steps ? Round.Kind.LOCK_STEP : Round.Kind.FRAGMENT;
    }

    /**
     * Notes a step of this site, and makes a round if it is time for one.
     *
     * @param samples of the site in this step
     * @param steps made so far
     * @param wantsAll whether all ranks should have the same parameters soon, for a checkpoint
     * @return whether all ranks have them now
     */
    public boolean stepMade(long samples, long steps, boolean wantsAll) {
        fragments.forEach(fragment -> fragment.count(samples));
        sinceRound++;
        boolean isLockStep = next == Round.Kind.LOCK_STEP;
        if (sinceRound < (isLockStep ? 1 : plan.stepsBefore(turn, cycle))) {
            return false;
        }
        sinceRound = 0;
        settleUnderWay();
        Word word = word(Word.Place.STEPPING, wantsAll, steps);
        if (cycle > 1 && next == Round.Kind.FRAGMENT) {
            take();
            underWay = begin(word, true);
            turn = (turn + 1) % cycle;
            return false;
        }
        boolean isAll = next != Round.Kind.FRAGMENT || cycle == 1;
        settle(begin(word, false));
        return isAll;
    }

    /**
     * What a round outside of the steps came to.
     *
     * @param isLast whether all sites have come to where they are to agree
     * @param isOfEverything whether all ranks have the same parameters now
     */
    public record Met(boolean isLast, boolean isOfEverything) {}

    /**
     * Makes a round at the end of a pass over the data, which takes as many until all sites are
     * through with it.
     *
     * @param steps made so far
     */
    public Met endPass(long steps) {
        return meet(Word.Place.END_OF_PASS, steps);
    }

    /** The same at another point of the program, which all ranks come to after as many steps. */
    public Met agree(long steps) {
        return meet(Word.Place.CALL, steps);
    }

    private Met meet(Word.Place place, long steps) {
        sinceRound = 0;
        settleUnderWay();
        boolean isOfAll = next != Round.Kind.FRAGMENT || cycle == 1;
        Round round = settle(begin(word(place, false, steps), false));
        return new Met(round.isLast(), isOfAll || round.isLast());
    }

    /** Whether the parameters have moved since the last call. */
    public boolean takeMoved() {
        boolean moved = hasMovedSince;
        hasMovedSince = false;
        return moved;
    }

    /**
     * Whether sites have made steps by themselves since the last call; the same on all ranks after
     * a round of everything.
     */
    public boolean takeSteppedApart() {
        boolean stepped = haveSteppedApart;
        haveSteppedApart = false;
        return stepped;
    }

    /**
     * Whether the last round was made in full, as one is after which a checkpoint may be written;
     * the same on all ranks.
     */
    public boolean isInFull() {
        return isInFull;
    }

    /** Whether the ranks train on while a round is made. */
    public boolean stepsOn() {
        return cycle > 1;
    }

    /**
     * What the rounds since the last call took, on a carrier; to be called after a round of
     * everything.
     */
    public Optional<RoundTimes> takeTimes() {
        return crossing.map(Crossing::takeTimes);
    }

    private Word word(Word.Place place, boolean wantsAll, long steps) {
        List<Long> samples = fragments.stream().map(Fragment::samples).toList();
        return new Word(rounds, turn, place, wantsAll, steps, samples);
    }

    /** Takes the changes of the fragment whose turn it is, and of those that are in every round. */
    private void take() {
        for (int fragment = 0; fragment < fragments.size(); fragment++) {
            if (fragment == turn || fragment >= cycle) {
                fragments.get(fragment).take();
            }
        }
    }

    private Begun begin(Word word, boolean isTaken) {
        Round.Kind kind = next;
        rounds++;
        return new Begun(
                crossing.map(way -> way.begin(word, kind, !isTaken)),
                isTaken,
                kind == Round.Kind.LOCK_STEP);
    }

    private void settleUnderWay() {
        Begun begun = underWay;
        underWay = null;
        if (begun != null) {
            settle(begun);
        }
    }

    /** Waits for a round, and gives its result to the model. */
    private Round settle(Begun begun) {
        long start = System.nanoTime();
        Round round = tellSite(begun.result().map(LocalSteps::await));
        for (int number : round.fragments()) {
            Fragment fragment = fragments.get(number);
            if (!begun.isTaken() && crossing.isEmpty()) {
                fragment.take(); // which its carrier has done
            }
            if (sites.inside().size() > 1) {
                sites.inside().broadcast(owner + "/change-" + number, fragment.tensor(), 0);
            }
        }
        waitedNanos += System.nanoTime() - start;
        for (int number : round.fragments()) {
            // A variance plus what it has moved meanwhile may be less than 0.
            boolean keepsSteps = begun.isTaken() && number < cycle;
            fragments.get(number).settle(keepsSteps, begun.averages());
        }
        next = round.next();
        turn = round.nextTurn();
        hasMovedSince |= !round.fragments().isEmpty();
        haveSteppedApart |= !round.fragments().isEmpty();
        isInFull = round.isInFull();
        return round;
    }

    /** Gives the site what its carrier knows of a round. */
    private Round tellSite(Optional<Round> known) {
        if (sites.inside().size() == 1) {
            return known.orElseThrow();
        }
        LongBuffer numbers = header.buffers().get(0).asLongBuffer();
        known.ifPresent(
                round -> {
                    numbers.put(round.isLast() ? 1 : 0).put(round.isInFull() ? 1 : 0);
                    numbers.put(round.next().ordinal());
                    numbers.put(round.nextTurn()).put(round.fragments().size());
                    round.fragments().forEach(numbers::put);
                    numbers.rewind();
                });
        sites.inside().broadcast(owner + "/round", header, 0);
        boolean isLast = numbers.get() != 0;
        boolean isFull = numbers.get() != 0;
        Round.Kind after = Round.Kind.values()[(int) numbers.get()];
        int turnAfter = (int) numbers.get();
        int count = (int) numbers.get();
        List<Integer> chosen = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            chosen.add((int) numbers.get());
        }
        return new Round(chosen, isLast, isFull, after, turnAfter, List.of());
    }

    /** Bounded, because every collective of the round ends by the operation deadline. */
    private static Round await(CompletableFuture<Round> result) {
        try {
            return result.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof CollectiveException cause) {
                throw cause.again();
            }
            throw new IllegalStateException("A round of local steps failed.", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException(
                    "The thread was interrupted while it waited for the other sites.");
        }
    }

    /**
     * What the outer optimizer remembers of each parameter, the same on all ranks; views that may
     * be written between two steps. Empty where it remembers nothing.
     */
    public Map<String, FloatBuffer> velocities() {
        Map<String, FloatBuffer> velocities = new LinkedHashMap<>();
        fragments.forEach(fragment -> velocities.putAll(fragment.velocities()));
        return velocities;
    }

    /** How many rounds have begun; the same on all ranks at the end of a pass. */
    public long rounds() {
        return rounds;
    }

    /** How long the training thread has waited for other sites. */
    public long waitedNanos() {
        return waitedNanos;
    }

    /** Lets the carrier's thread go. */
    @Override
    public void close() {
        crossing.ifPresent(Crossing::close);
    }
}
