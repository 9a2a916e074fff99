package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.training.dataset.Batch;

/** A batch whose progress counts the rank's own samples, so that a progress bar gets to its end. */
final class ShardBatch extends Batch {
    private final Batch batch;

    /**
     * Takes over a batch with its arrays.
     *
     * @param progress samples of the shard up to and with this batch
     * @param progressTotal samples of the shard
     */
    ShardBatch(Batch batch, long progress, long progressTotal) {
        super(
                batch.getManager(),
                batch.getData(),
                batch.getLabels(),
                batch.getSize(),
                null, // split() is left to the batch itself, which knows its batchifiers
                null,
                progress,
                progressTotal,
                batch.getIndices());
        this.batch = batch;
    }

    @Override
    public Batch[] split(Device[] devices, boolean evenSplit) {
        return batch.split(devices, evenSplit);
    }
}
