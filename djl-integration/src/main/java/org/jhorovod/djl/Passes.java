package org.jhorovod.djl;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.translate.TranslateException;
import java.io.IOException;
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
    private long opened;

    /** Before the first pass of a trainer with a name and number in its group. */
    Passes(Communicator communicator, String trainerName, int trainerNumber, TrainerGroup group) {
        this.communicator = communicator;
        this.trainerName = trainerName;
        this.trainerNumber = trainerNumber;
        this.group = group;
    }

    /** The memory and the threads with which a trainer reads its data. */
    record Reading(NDManager memory, @Nullable ExecutorService threads) {}

    /** Whether one has been opened. */
    boolean isUsed() {
        return opened > 0;
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
        String name = "%s/pass-%d".formatted(trainerName, opened);
        Pass pass =
                dataset instanceof RandomAccessDataset random
                        ? sharded(name, random, seed, reading, end)
                        : whole(name, dataset, reading, end);
        opened++;
        return pass;
    }

    private Pass sharded(
            String name,
            RandomAccessDataset dataset,
            IntSupplier seed,
            Reading reading,
            Pass.End end)
            throws IOException, TranslateException {
        dataset.prepare();
        UserSampling sampling = UserSampling.run(dataset, Seeds.ofPass(seed.getAsInt(), opened));
        ShardPlan plan =
                ShardPlan.of(
                        sampling.order(),
                        communicator.rank(),
                        communicator.size(),
                        sampling.batchSize(),
                        sampling.keepsPartialBatch());
        long[] batchCounts = PassAgreement.require(communicator, name, sampling, plan);
        if (LongStream.of(batchCounts).distinct().count() > 1) {
            group.unevenPassOpened();
        }
        tellBatchSize(plan.batchSize());
        Iterable<Batch> batches =
                dataset.getData(reading.memory(), new ShardSampler(plan), reading.threads());
        return pass(name, batches, plan.samples().size(), end);
    }

    private Pass whole(String name, Dataset dataset, Reading reading, Pass.End end)
            throws IOException, TranslateException {
        if (communicator.rank() == 0 && opened == 0) {
            logger.warn(
                    "{} is no RandomAccessDataset, so it cannot be divided: every rank works"
                            + " through all of it.",
                    dataset.getClass().getName());
        }
        group.unevenPassOpened(); // nobody knows better
        return pass(name, dataset.getData(reading.memory(), reading.threads()), -1, end);
    }

    private Pass pass(String name, Iterable<Batch> batches, long samples, Pass.End end) {
        return new Pass(name, trainerNumber, group, batches.iterator(), samples, end);
    }

    private void tellBatchSize(int batchSize) {
        if (opened == 0 && communicator.rank() == 0) {
            logger.info(
                    "{} ranks train together on batches of {} samples each, {} samples a step. The"
                            + " learning rate is the configured one; it is not scaled.",
                    communicator.size(),
                    batchSize,
                    (long) batchSize * communicator.size());
        }
    }
}
