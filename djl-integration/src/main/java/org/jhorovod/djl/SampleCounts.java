package org.jhorovod.djl;

import java.nio.LongBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;

/**
 * What the ranks tell each other of a step before they reduce its gradients. One exchange at a
 * time; owned by the training thread.
 */
final class SampleCounts {
    private static final int SAMPLES = 0;
    private static final int PASSES = 1;
    private static final int STEP = 2;
    private static final int NUMBERS = 3;

    private final Communicator communicator;
    private final String name;
    private final HostTensor own = HostTensor.allocate(DataType.INT64, NUMBERS);
    private final HostTensor all;

    /** Of one trainer, by its name on all ranks. */
    SampleCounts(Communicator communicator, String owner) {
        this.communicator = communicator;
        this.name = owner + "/samples";
        this.all = HostTensor.allocate(DataType.INT64, NUMBERS * (long) communicator.size());
    }

    /**
     * What one rank tells.
     *
     * @param samples that its gradients are a mean of
     * @param passes of backward that they come from, as far as known
     * @param step the number of steps that it has made before
     */
    record Told(long samples, long passes, long step) {}

    /** Tells the other ranks, which do so too. Does not block. */
    CompletableFuture<Void> exchangeAsync(Told told) {
        put(told);
        return communicator.allGatherAsync(name, own, all);
    }

    /** Tells the other ranks and blocks until they have told. */
    void exchange(Told told) {
        put(told);
        communicator.allGather(name, own, all);
    }

    private void put(Told told) {
        own.buffers()
                .get(0)
                .asLongBuffer()
                .put(new long[] {told.samples(), told.passes(), told.step()});
    }

    /**
     * What this rank has of all samples, once the exchange is over.
     *
     * @throws MismatchException if the ranks are not in the same step
     */
    Share share() {
        long[] samples = column(SAMPLES);
        long[] steps = column(STEP);
        int self = communicator.rank();
        for (int rank = 0; rank < steps.length; rank++) {
            if (steps[rank] != steps[self]) {
                throw new MismatchException(
                        "Rank %d reduces the gradients of step %d, rank %d those of step %d: one of them has made more backward passes in a step than the other. Make as many on all ranks, or set JHOROVOD_REDUCE=step, which reduces them once a step."
                                .formatted(self, steps[self] + 1, rank, steps[rank] + 1));
            }
        }
        boolean areEqual = LongStream.of(samples).allMatch(count -> count == samples[0]);
        return new Share(samples[self], LongStream.of(samples).sum(), areEqual);
    }

    /** The most backward passes that a rank has told of, once the exchange is over. */
    long mostPasses() {
        return LongStream.of(column(PASSES)).max().orElse(0);
    }

    private long[] column(int number) {
        LongBuffer told = all.buffers().get(0).asLongBuffer();
        long[] column = new long[communicator.size()];
        for (int rank = 0; rank < column.length; rank++) {
            column[rank] = told.get(rank * NUMBERS + number);
        }
        return column;
    }
}
