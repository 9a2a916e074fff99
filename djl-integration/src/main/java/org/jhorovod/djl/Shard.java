package org.jhorovod.djl;

import java.util.List;

/** The part of a pass that one rank works through: the indices of its samples, batch by batch. */
interface Shard extends Iterable<List<Long>> {

    /** How many samples a batch has, or would have if all ranks took as many. */
    int batchSize();

    /** How many batches this rank has. */
    int batchCount();

    /**
     * How far a rank is, for a progress bar.
     *
     * @param batches that it has taken
     * @param samples in them
     */
    Reached reached(long batches, long samples);

    /**
     * Samples of so many.
     *
     * @param total what {@code done} comes to with the last batch
     */
    record Reached(long done, long total) {}
}
