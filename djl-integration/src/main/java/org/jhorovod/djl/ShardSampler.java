package org.jhorovod.djl;

import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Sampler;
import java.util.Iterator;
import java.util.List;

/** Makes a data set hand out the batches of a shard. */
record ShardSampler(Shard shard) implements Sampler {
    @Override
    public Iterator<List<Long>> sample(RandomAccessDataset dataset) {
        return shard.iterator();
    }

    @Override
    public int getBatchSize() {
        return shard.batchSize();
    }
}
