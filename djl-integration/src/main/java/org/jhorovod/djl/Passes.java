package org.jhorovod.djl;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.function.IntSupplier;
import java.util.stream.LongStream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The passes of one trainer over data sets: opens each. Owned by the training thread. */
final class Passes {
    private static final Logger logger = LoggerFactory.getLogger(Passes.class);

    private final Communicator communicator;
    private final String trainerName;
    private final int trainerNumber;
    private final TrainerGroup group;
    private final DataProgress progress;
    private final Optional<Balance> balance;
    private boolean isUsed;

    /**
     * Before the first pass of a trainer with a name and number in its group.
     *
     * @param balance by which samples are shared out; empty for all ranks alike
     */
    Passes(
            Communicator communicator,
            String trainerName,
            int trainerNumber,
            TrainerGroup group,
            DataProgress progress,
            Optional<Balance> balance) {
        this.communicator = communicator;
        this.trainerName = trainerName;
        this.trainerNumber = trainerNumber;
        this.group = group;
        this.progress = progress;
        this.balance = balance;
    }

    /** The memory and the threads with which a trainer reads its data. */
    record Reading(NDManager memory, @Nullable ExecutorService threads) {}

    /** Whether one has been opened. */
    boolean isUsed() {
        return isUsed;
    }

    /**
     * Opens this rank's pass over its part of a data set, or over all of one that cannot be
     * divided. Blocks until the other ranks have called it too.
     *
     * @param seed the same on all ranks, which the order of the data starts from
     * @param end what is to be done when the pass has ended on this rank
     */
    Pass open(Dataset dataset, IntSupplier seed, Reading reading, Pass.End end)
            throws IOException, TranslateException {
        Pass pass =
                dataset instanceof RandomAccessDataset random
                        ? sharded(random, seed, reading, end)
                        : whole(dataset, reading, end);
        opened();
        return pass;
    }

    /** Opens a pass over data that the trainer has opened by itself. Does not block. */
    Pass openAlone(Iterable<Batch> batches, Pass.End end) {
        Pass pass = pass(PassOrder.unknown(progress.nextPass()), batches, Optional.empty(), end);
        opened();
        return pass;
    }

    private void opened() {
        progress.opened();
        isUsed = true;
    }

    private String name(long number) {
        return "%s/pass-%d".formatted(trainerName, number);
    }

    private Pass sharded(
            RandomAccessDataset dataset, IntSupplier seed, Reading reading, Pass.End end)
            throws IOException, TranslateException {
        dataset.prepare();
        long number = progress.nextPass();
        UserSampling sampling = UserSampling.run(dataset, Seeds.ofPass(seed.getAsInt(), number));
        long fingerprint = ShardPlan.fingerprint(sampling.order());
        List<Long> remaining = progress.remaining(sampling.order(), fingerprint);
        PassOrder order =
                new PassOrder(
                        number,
                        sampling.order().size(),
                        sampling.order().size() - remaining.size(),
                        (long) sampling.batchSize() * communicator.size(),
                        fingerprint);
        Shard shard = shard(remaining, sampling);
        long[] batchCounts =
                PassAgreement.require(
                        communicator, name(number), sampling, fingerprint, shard.batchCount());
        if (LongStream.of(batchCounts).distinct().count() > 1) {
            group.unevenPassOpened();
        }
        tellBatchSize(shard.batchSize());
        Iterable<Batch> batches =
                dataset.getData(reading.memory(), new ShardSampler(shard), reading.threads());
        return pass(order, batches, Optional.of(shard), end);
    }

    private Shard shard(List<Long> order, UserSampling sampling) {
        if (balance.isPresent()) {
            return new BalancedShard(
                    order,
                    communicator.rank(),
                    sampling.batchSize(),
                    sampling.keepsPartialBatch(),
                    balance.get().times());
        }
        return ShardPlan.of(
                order,
                communicator.rank(),
                communicator.size(),
                sampling.batchSize(),
                sampling.keepsPartialBatch());
    }

    private Pass whole(Dataset dataset, Reading reading, Pass.End end)
            throws IOException, TranslateException {
        if (communicator.rank() == 0 && !isUsed && communicator.size() > 1) {
            logger.warn(
                    "{} is no RandomAccessDataset, so it cannot be divided: every rank works"
                            + " through all of it.",
                    dataset.getClass().getName());
        }
        group.unevenPassOpened(); // nobody knows better
        return pass(
                PassOrder.unknown(progress.nextPass()),
                dataset.getData(reading.memory(), reading.threads()),
                Optional.empty(),
                end);
    }

    private Pass pass(
            PassOrder order, Iterable<Batch> batches, Optional<Shard> shard, Pass.End end) {
        return new Pass(
                name(order.pass()), order, trainerNumber, group, batches.iterator(), shard, end);
    }

    private void tellBatchSize(int batchSize) {
        if (!isUsed && communicator.rank() == 0 && communicator.size() > 1) {
            logger.info(
                    "{} ranks train together on batches of {} samples each, {} samples a step. The"
                            + " learning rate is the configured one; it is not scaled.",
                    communicator.size(),
                    batchSize,
                    (long) batchSize * communicator.size());
        }
    }
}
