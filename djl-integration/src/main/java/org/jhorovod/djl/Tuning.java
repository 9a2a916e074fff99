package org.jhorovod.djl;

import com.google.common.math.Quantiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.config.Settings.ReduceChoice;
import org.jhorovod.allreduce.tuning.Dial;
import org.jhorovod.allreduce.tuning.Search;
import org.jhorovod.allreduce.tuning.TuningLog;
import org.jhorovod.djl.local.Numbers;
import org.jhorovod.djl.tuning.Setup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries how gradients are reduced fastest, in the first steps of the training itself: all ranks
 * tell each other how long their steps took, and go on with the same setup. Owned by the training
 * thread.
 */
final class Tuning {
    private static final Logger logger = LoggerFactory.getLogger(Tuning.class);
    private static final int WARM_UP_STEPS = 100; // until the JVM has compiled what runs
    private static final int SETTLING_STEPS = 3; // of each setup
    private static final int SAMPLE_STEPS = 15;
    private static final int MOST_UNDECIDED = 20; // samples
    private static final List<Integer> BUCKET_MIBS = List.of(0, 1, 2, 4, 8, 16, 32, 64);
    // Where gradients are averaged in the step anyway: what a program does to them between backward
    // and step must not change its meaning.
    private static final List<ReduceChoice> IN_STEP =
            List.of(ReduceChoice.STEP, ReduceChoice.ENGINE);

    private final Communicator communicator;
    private final String owner;
    private final Search<Setup> search;
    private final TuningLog log;
    private final long[] nanos = new long[SAMPLE_STEPS];
    private int unmeasured = WARM_UP_STEPS;
    private int count;
    private int undecided; // samples in a row that told nothing

    private Tuning(Communicator communicator, String owner, Search<Setup> search, TuningLog log) {
        this.communicator = communicator;
        this.owner = owner;
        this.search = search;
        this.log = log;
    }

    /**
     * Of one trainer; empty where nothing is to be tuned, or nothing can be.
     *
     * @param owner the trainer's name on all ranks
     */
    static Optional<Tuning> of(DistributedConfig config, String owner) {
        Autotune wish = config.autotune();
        Communicator communicator = config.communicator();
        if (!wish.isOn() || communicator.size() == 1) {
            return Optional.empty();
        }
        boolean isRank0 = communicator.rank() == 0;
        if (config.localPlan().isPresent()
                || config.communicationBudget().isPresent()
                || config.gradientCodec().isPresent()) {
            if (isRank0) {
                logger.info(
                        "Nothing is tuned: that is for gradients that all ranks average in full in"
                                + " each step. Use JHOROVOD_COMMUNICATION_BUDGET between sites.");
            }
            return Optional.empty();
        }
        Setup byDefault = new Setup(config.bucketMib(), config.reduce());
        boolean isInStep =
                config.reduce() != ReduceChoice.BACKWARD
                        && (config.reduce() != ReduceChoice.AUTO
                                || communicator.topology().isOneHost());
        List<Dial<Setup>> dials = new ArrayList<>();
        if (wish.tunesBuckets()) {
            dials.add(Dial.size(BUCKET_MIBS, Setup::bucketMib, Setup::withBucketMib));
        }
        if (wish.tunesReduce() && isInStep) {
            dials.add(Dial.choice(IN_STEP, Setup::reduce, Setup::withReduce));
        }
        return Optional.of(
                new Tuning(
                        communicator,
                        owner,
                        new Search<>(byDefault, dials),
                        TuningLog.open(isRank0 ? wish.log() : Optional.empty(), owner)));
    }

    /**
     * Notes a step. A collective after some, for which it blocks.
     *
     * @param stepNanos how long it took, with waiting; 0 where it does not count
     * @param isStepping whether this rank made it with a batch of its own
     * @param step how many steps have been made
     * @return what is in force from now on, if something else is
     */
    Optional<Setup> stepped(long stepNanos, boolean isStepping, long step) {
        if (search.isOver()) {
            return Optional.empty();
        }
        if (unmeasured > 0) {
            unmeasured--;
            return Optional.empty();
        }
        nanos[count++ % SAMPLE_STEPS] = stepNanos;
        if (count % SAMPLE_STEPS != 0) {
            return Optional.empty();
        }
        long mine = isStepping ? Math.round(Quantiles.median().compute(nanos)) : 0;
        long[][] told = Numbers.gather(communicator, owner + "/tuning", mine);
        List<Long> medians = Stream.of(told).map(ofRank -> ofRank[0]).toList();
        if (medians.contains(0L)) {
            // A rank is through with its data, or its steps cannot be timed.
            undecided++;
            return undecided == MOST_UNDECIDED ? giveUp() : Optional.empty();
        }
        undecided = 0;
        return take(medians, step);
    }

    /** All ranks see the same samples, and so give up together. */
    private Optional<Setup> giveUp() {
        Setup before = search.current();
        search.giveUp();
        if (communicator.rank() == 0) {
            logger.info(
                    "Tuning ends, with {} as before: the steps of some rank cannot be timed, as"
                            + " where a program calls its model's block by itself, or has few"
                            + " batches a pass. Try JHOROVOD_BUCKET_MIB and JHOROVOD_REDUCE by"
                            + " hand.",
                    search.current().describe());
        }
        return changed(before);
    }

    private Optional<Setup> changed(Setup before) {
        return search.current().equals(before) ? Optional.empty() : Optional.of(search.current());
    }

    private Optional<Setup> take(List<Long> medians, long step) {
        double millis = medians.stream().mapToLong(each -> each).max().orElseThrow() / 1e6;
        Setup before = search.current();
        search.measured(millis);
        log.add(step, before.describe(), millis, "tried");
        unmeasured = SETTLING_STEPS;
        if (search.isOver()) {
            log.add(step, search.current().describe(), search.bestMillis(), "chosen");
            if (communicator.rank() == 0) {
                logger.info(
                        "Tuned: gradients are reduced with {}. Set these to begin with them.",
                        search.current().describe());
            }
        }
        return changed(before);
    }
}
