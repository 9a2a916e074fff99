package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/*
 * Note [Shares that change in the middle of a pass]
 *
 * The order of a pass is cut into global batches of equal length, whatever the shares: so many global
 * batches are a prefix of the order, from which a training can resume with other ranks. Of each, the
 * ranks take parts that lie one after another, in rank order. What is left at the end is shared out
 * in the same way; of fewer samples than ranks the last ranks get none, and then their pass is
 * shorter by a batch: not that of rank 0, which writes into checkpoints how far the pass is.
 *
 * A data set asks for the indices of batches before it hands the batches out, some ahead if it reads
 * them on other threads. An answer cannot be taken back. So when the ranks agree on new shares, they
 * tell each other how far they have been asked, and the new shares hold from the batch on that no
 * rank has been asked for. Nothing waits for that: DJL's data sets ask on the thread that takes
 * batches, which is the one that agrees.
 */
/** One rank's part of each global batch, by shares that may change. Safe for several threads. */
final class BalancedShard implements Shard {
    private final List<Long> order;
    private final int rank;
    private final int batchSize;
    private final long globalBatch;
    private final int fullBatches;
    private final long rest; // samples after the last full global batch

    // Guarded by this.
    private final List<Stretch> stretches = new ArrayList<>();
    private int asked; // batches

    /** From one batch on, until the next stretch. */
    private record Stretch(int fromBatch, SampleTimes times, Shares shares) {}

    /**
     * Takes a rank's part.
     *
     * @param order indices of all samples of the pass
     * @param batchSize samples per batch, if all ranks took as many
     * @param keepsPartialBatch whether a last global batch that is not full counts
     * @param times of all ranks, by which the first batches are shared out
     */
    BalancedShard(
            List<Long> order,
            int rank,
            int batchSize,
            boolean keepsPartialBatch,
            SampleTimes times) {
        this.order = order;
        this.rank = rank;
        this.batchSize = ShardPlan.requireBatchSize(batchSize);
        this.globalBatch = (long) batchSize * times.nanos().size();
        this.fullBatches = (int) (order.size() / globalBatch);
        this.rest = keepsPartialBatch ? order.size() % globalBatch : 0;
        stretches.add(new Stretch(0, times, times.share(globalBatch)));
    }

    @Override
    public int batchSize() {
        return batchSize;
    }

    @Override
    public int batchCount() {
        return fullBatches + (rest > rank ? 1 : 0);
    }

    @Override
    public Reached reached(long batches, long samples) {
        // Of all ranks, as the samples of this one depend on shares to come.
        long total = fullBatches * globalBatch + (rest > rank ? rest : 0);
        return new Reached(Math.min(total, batches * globalBatch), total);
    }

    private Stretch at(int batch) {
        int i = stretches.size() - 1;
        while (stretches.get(i).fromBatch() > batch) {
            i--;
        }
        return stretches.get(i);
    }

    /** How many samples all ranks take together in a full batch. */
    long globalBatch() {
        return globalBatch;
    }

    /** How many global batches the pass has. */
    int globalBatchCount() {
        return fullBatches + (rest == 0 ? 0 : 1);
    }

    /** How many batches' samples have been asked for. */
    synchronized int asked() {
        return asked;
    }

    /** By what the batches to come are shared out, as far as agreed. */
    synchronized Shares shares() {
        return stretches.get(stretches.size() - 1).shares();
    }

    /**
     * Shares out by other times from a batch on, on all ranks from the same.
     *
     * @param fromBatch no rank has been asked for it yet
     */
    synchronized void change(int fromBatch, SampleTimes times) {
        if (asked > fromBatch) {
            throw new IllegalStateException(
                    "Rank %d's data set has asked for the samples of batch %d while the ranks agreed on new shares for it: it asks on a thread of its own, not on the one that trains. Set JHOROVOD_BALANCE=false for it."
                            .formatted(rank, fromBatch));
        }
        if (stretches.get(stretches.size() - 1).fromBatch() >= fromBatch) {
            stretches.remove(stretches.size() - 1);
        }
        stretches.add(new Stretch(fromBatch, times, times.share(globalBatch)));
    }

    private synchronized List<Long> ask(int batch) {
        asked = Math.max(asked, batch + 1);
        Stretch stretch = at(batch);
        Shares shares = batch < fullBatches ? stretch.shares() : stretch.times().share(rest);
        long from = batch * globalBatch + shares.before(rank);
        return order.subList((int) from, (int) (from + shares.of(rank)));
    }

    @Override
    public Iterator<List<Long>> iterator() {
        return new Batches();
    }

    private final class Batches implements Iterator<List<Long>> {
        private int askedHere;
        private List<Long> next = List.of(); // empty where it has been taken

        @Override
        public boolean hasNext() {
            // Once it is said that there is a batch its samples must not change any more.
            if (next.isEmpty() && askedHere < globalBatchCount()) {
                next = ask(askedHere);
                askedHere++;
            }
            return !next.isEmpty();
        }

        @Override
        public List<Long> next() {
            if (!hasNext()) {
                throw new NoSuchElementException("The shard has no batch more.");
            }
            List<Long> taken = next;
            next = List.of();
            return taken;
        }
    }
}
