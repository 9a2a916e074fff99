package org.jhorovod.allreduce.faults;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A job, and what happens to it when; a function of its seed.
 *
 * @param size how many ranks
 * @param victim the rank to which it happens
 * @param steps how many the job has
 * @param moment when it happens
 * @param lingers whether ranks that have failed stay until all have, so that none learns of a
 *     failure by another's end
 */
record Trial(
        long seed,
        Fault fault,
        Way way,
        int size,
        int victim,
        int steps,
        Moment moment,
        boolean lingers) {
    private static final int MOST_RANKS = 4;
    private static final int LEAST_STEPS = 40;
    private static final int LAST_STEPS = 6; // which the fault must not miss
    private static final int ONE_IN_STARTS = 9;

    /** A fault on one of the ways on which it can happen. */
    private record Pair(Fault fault, Way way) {}

    private static final List<Pair> PAIRS = pairs();

    private static List<Pair> pairs() {
        List<Pair> pairs = new ArrayList<>();
        for (Fault fault : Fault.values()) {
            for (Way way : fault.ways()) {
                pairs.add(new Pair(fault, way));
            }
        }
        return List.copyOf(pairs);
    }

    /** How many seeds one after another have each fault on each of its ways. */
    static int pairCount() {
        return PAIRS.size();
    }

    /** The trial of a seed. */
    static Trial of(long seed) {
        Pair pair = PAIRS.get((int) Math.floorMod(seed, (long) PAIRS.size()));
        SplittableRandom random = new SplittableRandom(seed);
        int least = pair.way.leastRanks();
        int size = least + random.nextInt(MOST_RANKS + 1 - least);
        int victim = random.nextInt(size);
        int steps = LEAST_STEPS + random.nextInt(LEAST_STEPS);
        boolean isAtStart = pair.fault.canHitStart() && random.nextInt(ONE_IN_STARTS) == 0;
        Moment moment =
                isAtStart
                        ? Moment.atStart(Duration.ofMillis(random.nextInt(2500)))
                        : new Moment(
                                random.nextInt(steps - LAST_STEPS),
                                Duration.ofNanos(random.nextInt(20_000_000)));
        return new Trial(
                seed, pair.fault, pair.way, size, victim, steps, moment, random.nextBoolean());
    }

    /** A random sequence of its own for what is not told by the components. */
    SplittableRandom random() {
        return new SplittableRandom(~seed);
    }

    /** In words, without the seed. */
    String describe() {
        return "%s, %d ranks, rank %d %s %s"
                .formatted(way, size, victim, fault.describe(), moment.describe());
    }
}
