package org.jhorovod.djl;

import ai.djl.training.dataset.Batch;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** One rank's way through its shard of a data set. Owned by the training thread. */
final class Pass implements Iterator<Batch> {

    /** What is done when a pass has ended on this rank. */
    interface End {
        /** Blocks for the slowest rank. */
        void reach(Pass pass);
    }

    private final String name;
    private final int owner;
    private final TrainerGroup group;
    private final Iterator<Batch> batches;
    private final long shardSamples;
    private final BatchCounts counts;
    private final End end;

    // The pass during which this one was opened. Only one is kept: passes that were left in the
    // middle would otherwise form a chain without end.
    private @Nullable Pass outer;
    private long handedOut;
    private long samples;
    private long samplesSinceStep;
    private boolean ended;

    /**
     * How many batches the ranks have.
     *
     * @param smallest the least of any rank
     * @param equal whether all have the same
     */
    record BatchCounts(long smallest, boolean equal) {
        static BatchCounts of(long[] counts) {
            long smallest = Long.MAX_VALUE;
            long largest = 0;
            for (long count : counts) {
                smallest = Math.min(smallest, count);
                largest = Math.max(largest, count);
            }
            return new BatchCounts(smallest, smallest == largest);
        }

        /** Where nobody knows: every step is announced. */
        static BatchCounts unknown() {
            return new BatchCounts(0, false);
        }
    }

    /**
     * Opens the pass.
     *
     * @param name of the pass on all ranks
     * @param owner the number of the trainer that opens it
     * @param batches this rank's
     * @param shardSamples how many samples they have together; -1 to leave the batches' progress
     */
    Pass(
            String name,
            int owner,
            TrainerGroup group,
            Iterator<Batch> batches,
            long shardSamples,
            BatchCounts counts,
            End end) {
        this.name = name;
        this.owner = owner;
        this.group = group;
        this.batches = batches;
        this.shardSamples = shardSamples;
        this.counts = counts;
        this.end = end;
        Pass before = group.currentPass();
        if (before != null) {
            before.outer = null;
        }
        this.outer = before;
    }

    String name() {
        return name;
    }

    int owner() {
        return owner;
    }

    /** Whether a rank may already have come to its end of the pass while this one has not. */
    boolean mayHaveWaiters() {
        return !counts.equal() && handedOut > counts.smallest();
    }

    /** Whether all ranks come to the end after the same number of batches. */
    boolean isEven() {
        return counts.equal();
    }

    /** The samples handed out since the last call. */
    long takeSamples() {
        long taken = samplesSinceStep;
        samplesSinceStep = 0;
        return taken;
    }

    @Override
    public boolean hasNext() {
        if (ended) {
            return false;
        }
        if (batches.hasNext()) {
            return true;
        }
        ended = true;
        end.reach(this);
        Pass before = outer;
        group.enter(before != null && !before.ended ? before : null);
        return false;
    }

    @Override
    public Batch next() {
        if (ended) {
            throw new NoSuchElementException("The pass over the data set has ended.");
        }
        group.enter(this);
        Batch batch = batches.next();
        handedOut++;
        samples += batch.getSize();
        samplesSinceStep += batch.getSize();
        return shardSamples < 0 ? batch : new ShardBatch(batch, samples, shardSamples);
    }
}
