package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.local.Numbers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [Samples in proportion to speed]
 *
 * Every rank measures how long it works on its samples, without the time for which it waits for
 * others: loading, forward, backward, update. Every few steps all ranks tell each other, in lock-step
 * as they step, and each comes to the same shares by itself. Part of a step's time does not depend on
 * the samples, and is counted as if it did; a rank with few samples then looks slower than it is.
 * Shares that follow such measurements settle all the same where all ranks work equally long in a
 * step, which is what is wanted.
 *
 * Gradients are weighed by samples (see Averaging), so that shares change no result but by the order
 * of sums.
 */
/**
 * Lets fast ranks of one trainer take more samples than slow ones. Owned by the training thread.
 */
final class Balance {
    private static final Logger logger = LoggerFactory.getLogger(Balance.class);

    private static final int FIRST_STEPS = 5;
    private static final int STEPS = 20;
    private static final double LEAST_GAIN = 0.05; // less would be noise

    // What a rank tells.
    private static final int PASS = 0;
    private static final int ASKED = 1;
    private static final int SAMPLES = 2;
    private static final int NANOS = 3;
    private static final long NO_PASS = -1;

    private final Communicator communicator;
    private final String name;
    private SpeedEstimate estimate;
    private SampleTimes times; // by which samples are shared out

    // Since the ranks last told each other.
    private long steps;
    private long nextTelling = FIRST_STEPS;
    private long samples;
    private long busyNanos;

    private Balance(Communicator communicator, String owner) {
        this.communicator = communicator;
        this.name = owner + "/balance";
        this.estimate = SpeedEstimate.none(communicator.size());
        this.times = SampleTimes.equal(communicator.size());
    }

    /**
     * Of one trainer, if it is wanted and there are ranks to share with.
     *
     * @param owner the trainer's name on all ranks
     */
    static Optional<Balance> of(DistributedConfig config, String owner) {
        return config.balance() && config.communicator().size() > 1
                ? Optional.of(new Balance(config.communicator(), owner))
                : Optional.empty();
    }

    /** By what the samples of a new pass are shared out. */
    SampleTimes times() {
        return times;
    }

    /**
     * Notes a step of all ranks, and agrees with them on new shares if it is time to, which blocks
     * for the slowest.
     *
     * @param pass that it was made in; null outside of any
     * @param loaded what the pass has handed out for it
     * @param stepNanos for how long this rank worked on it; 0 where that is not known
     */
    void stepMade(@Nullable Pass pass, Pass.Loaded loaded, long stepNanos) {
        if (pass != null && stepNanos > 0) {
            samples += loaded.samples();
            busyNanos += loaded.nanos() + stepNanos;
        }
        steps++;
        if (steps == nextTelling) {
            agree(pass);
            steps = 0;
            nextTelling = STEPS;
            samples = 0;
            busyNanos = 0;
        }
    }

    private void agree(@Nullable Pass pass) {
        BalancedShard shard =
                pass != null && pass.shard().orElse(null) instanceof BalancedShard balanced
                        ? balanced
                        : null;
        long[][] told =
                Numbers.gather(
                        communicator,
                        name,
                        pass == null || shard == null ? NO_PASS : pass.order().pass(),
                        shard == null ? 0 : shard.asked(),
                        samples,
                        busyNanos);
        List<Double> measured = new ArrayList<>();
        int asked = 0;
        boolean areInOnePass = true;
        for (long[] ofRank : told) {
            measured.add(ofRank[SAMPLES] == 0 ? 0.0 : (double) ofRank[NANOS] / ofRank[SAMPLES]);
            asked = Math.max(asked, Math.toIntExact(ofRank[ASKED]));
            areInOnePass &= ofRank[PASS] == told[0][PASS];
        }
        logger.debug("A sample has taken the ranks {} ns.", measured);
        estimate = estimate.with(measured);
        Optional<SampleTimes> found = estimate.times();
        if (shard != null && areInOnePass && found.isPresent()) {
            consider(found.get(), shard, asked);
        }
    }

    private void consider(SampleTimes found, BalancedShard shard, int fromBatch) {
        Shares after = found.share(shard.globalBatch());
        double gain = found.gain(shard.shares(), after);
        logger.debug(
                "Of a sample {} ns count; the shares {} would save {} of a step.",
                found.nanos(),
                after.counts(),
                gain);
        if (gain < LEAST_GAIN) {
            return;
        }
        times = found;
        shard.change(fromBatch, found);
        if (communicator.rank() == 0) {
            int slowest = found.slowest();
            int fastest = found.fastest();
            logger.info(
                    "Rank {} is the slowest: it takes {} times as long for a sample as rank {}. {}"
                            + " the ranks share {} samples as {}.",
                    slowest,
                    String.format(
                            Locale.ROOT,
                            "%.1f",
                            found.nanos().get(slowest) / found.nanos().get(fastest)),
                    fastest,
                    fromBatch < shard.globalBatchCount()
                            ? "From batch %d of this pass on".formatted(fromBatch + 1)
                            : "From the next pass on",
                    shard.globalBatch(),
                    after.counts());
        }
    }
}
