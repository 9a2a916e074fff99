package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.training.dataset.Batch;

/** A batch whose progress is that of the rank's shard, so that a progress bar gets to its end. */
final class ShardBatch extends Batch {
    private final Batch batch;

    /**
     * Takes over a batch with its arrays.
     *
     * @param reached of the shard up to and with this batch
     */
    ShardBatch(Batch batch, Shard.Reached reached) {
        super(
                batch.getManager(),
                batch.getData(),
                batch.getLabels(),
                batch.getSize(),
                null, // split() is left to the batch itself, which knows its batchifiers
                null,
                reached.done(),
                reached.total(),
                batch.getIndices());
        this.batch = batch;
    }

    @Override
    public Batch[] split(Device[] devices, boolean evenSplit) {
        return batch.split(devices, evenSplit);
    }
}
