package org.jhorovod.djl;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One rank's way through its shard of a data set. Owned by the training thread. */
final class Pass implements Iterator<Batch> {

    /** What is done when a pass has ended on this rank. */
    interface End {
        /** Blocks for the slowest rank. */
        void reach(Pass pass);
    }

    private final String name;
    private final PassOrder order;
    private final int owner;
    private final TrainerGroup group;
    private final Iterator<Batch> batches;
    private final Optional<Shard> shard;
    private final End end;

    // The pass during which this one was opened. Only one is kept: passes that were left in the
    // middle would otherwise form a chain without end.
    private @Nullable Pass outer;
    private long handedOut;
    private @Nullable HandedBatch latest; // null before the first batch and after the end
    private boolean iterated;
    private boolean looping;
    private long samples;
    private long samplesTold;
    private long loadingNanos; // of the first batch since it was last told
    private boolean ended;

    /**
     * A batch that was handed out.
     *
     * @param number in the pass
     * @param memory the batch's own, open as long as the batch is
     */
    record HandedBatch(String pass, long number, long samples, NDManager memory) {}

    /**
     * Opens the pass.
     *
     * @param name of the pass on all ranks
     * @param order that its samples are a part of
     * @param owner the number of the trainer that opens it
     * @param batches this rank's
     * @param shard whose batches they are; empty to leave the batches' progress
     */
    Pass(
            String name,
            PassOrder order,
            int owner,
            TrainerGroup group,
            Iterator<Batch> batches,
            Optional<Shard> shard,
            End end) {
        this.name = name;
        this.order = order;
        this.owner = owner;
        this.group = group;
        this.batches = batches;
        this.shard = shard;
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

    PassOrder order() {
        return order;
    }

    /** This rank's part of the data; empty where that is not divided. */
    Optional<Shard> shard() {
        return shard;
    }

    /**
     * Batches that were handed out.
     *
     * @param samples in them
     * @param nanos for which the training thread waited for the first of them: what else a step
     *     needs is loaded during it
     */
    record Loaded(long samples, long nanos) {
        static final Loaded NOTHING = new Loaded(0, 0);
    }

    /** What has been handed out since the last call. */
    Loaded takeLoaded() {
        Loaded loaded = new Loaded(samples - samplesTold, loadingNanos);
        samplesTold = samples;
        loadingNanos = 0;
        return loaded;
    }

    /** How many batches this rank has taken. */
    long handedOut() {
        return handedOut;
    }

    int owner() {
        return owner;
    }

    /** The pass in whose middle this one was opened. */
    @Nullable Pass outer() {
        return outer;
    }

    /** The batch handed out last, if it has not been closed. */
    @Nullable HandedBatch openBatch() {
        HandedBatch batch = latest;
        return batch != null && batch.memory().isOpen() ? batch : null;
    }

    /**
     * The batches, once.
     *
     * @throws IllegalStateException the second time
     */
    Iterator<Batch> iterator() {
        if (iterated) {
            throw new IllegalStateException(
                    "%s has been iterated already, and every pass has its own order of the data. Call trainer.iterateDataset again, on all ranks."
                            .formatted(name));
        }
        iterated = true;
        return this;
    }

    @Override
    public boolean hasNext() {
        if (ended) {
            return false;
        }
        if (batches.hasNext()) {
            looping = true;
            return true;
        }
        ended = true;
        latest = null;
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
        // A loop asks before it takes. Who takes one batch without asking only looks at the data.
        if (looping) {
            group.enter(this);
        }
        long start = System.nanoTime();
        Batch batch = batches.next();
        if (samples == samplesTold) {
            loadingNanos = System.nanoTime() - start;
        }
        looping = true;
        handedOut++;
        latest = new HandedBatch(name, handedOut, batch.getSize(), batch.getManager());
        samples += batch.getSize();
        return shard.<Batch>map(part -> new ShardBatch(batch, part.reached(handedOut, samples)))
                .orElse(batch);
    }
}
