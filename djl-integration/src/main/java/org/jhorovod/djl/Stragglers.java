package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.local.Numbers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has rank 0 log which rank is the slowest, every so many steps, if by much. Owned by the training
 * thread.
 */
final class Stragglers {
    private static final Logger logger = LoggerFactory.getLogger(Stragglers.class);
    private static final int PERCENT = 100;
    private static final double NANOS_PER_MILLI = 1e6;

    private final Communicator communicator;
    private final String name;
    private final int everySteps;
    private final int leastPercent;

    // Since the ranks last told each other.
    private long steps;
    private long measuredSteps;
    private long busyNanos;

    private Stragglers(DistributedConfig config, String owner) {
        this.communicator = config.communicator();
        this.name = owner + "/stragglers";
        this.everySteps = config.stragglerSteps();
        this.leastPercent = config.stragglerPercent();
    }

    /**
     * Of one trainer, if it is wanted, and all ranks make each step together.
     *
     * @param owner the trainer's name on all ranks
     */
    static Optional<Stragglers> of(DistributedConfig config, String owner) {
        return config.stragglerSteps() > 0 && config.communicator().size() > 1
                ? Optional.of(new Stragglers(config, owner))
                : Optional.empty();
    }

    /**
     * Notes a step of all ranks, and tells them how long this one has worked if it is time to,
     * which blocks for the slowest.
     *
     * @param loadingNanos for how long it waited for data
     * @param stepNanos for how long it worked on the step; 0 where that is not known
     */
    void stepMade(long loadingNanos, long stepNanos) {
        steps++;
        if (stepNanos > 0) {
            measuredSteps++;
            busyNanos += loadingNanos + stepNanos;
        }
        if (steps == everySteps) {
            long mean = measuredSteps == 0 ? 0 : busyNanos / measuredSteps;
            List<Double> nanos = new ArrayList<>();
            for (long[] ofRank : Numbers.gather(communicator, name, mean)) {
                nanos.add((double) ofRank[0]);
            }
            if (communicator.rank() == 0) {
                describe(nanos, steps, leastPercent).ifPresent(logger::warn);
            }
            steps = 0;
            measuredSteps = 0;
            busyNanos = 0;
        }
    }

    /**
     * What is to be said of such times.
     *
     * @param nanos how long each rank works on a step; 0 where that is not known
     * @param leastPercent by how much a rank must be slower than the middle one of the others
     */
    static Optional<String> describe(List<Double> nanos, long steps, int leastPercent) {
        if (nanos.stream().anyMatch(time -> time <= 0)) {
            return Optional.empty();
        }
        int slowest = new SampleTimes(nanos).slowest();
        List<Double> others = new ArrayList<>(nanos);
        double longest = others.remove(slowest);
        others.sort(null);
        double middle = others.get((others.size() - 1) / 2);
        String whom = others.size() == 1 ? "rank " + (1 - slowest) : "the middle one of the others";
        double percent = (longest / middle - 1) * PERCENT;
        return percent < leastPercent
                ? Optional.empty()
                : Optional.of(
                        String.format(
                                Locale.ROOT,
                                "Rank %d is the slowest: of the last %d steps it worked %.1f ms on"
                                    + " each, %.0f %% more than %s (%.1f ms), which waited for it."
                                    + " See what else runs on its host; JHOROVOD_BALANCE=true gives"
                                    + " slow ranks fewer samples, and JHOROVOD_STRAGGLER_STEPS=0"
                                    + " ends these lines.",
                                slowest,
                                steps,
                                longest / NANOS_PER_MILLI,
                                percent,
                                whom,
                                middle / NANOS_PER_MILLI));
    }
}
