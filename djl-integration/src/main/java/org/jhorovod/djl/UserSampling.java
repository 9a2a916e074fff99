package org.jhorovod.djl;

import ai.djl.training.dataset.BatchSampler;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Sampler;
import ai.djl.util.RandomUtils;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * How a user's data set chooses and batches its samples.
 *
 * @param order the samples of one pass over the whole data set
 * @param batchSize the user's
 * @param keepsPartialBatch whether the user's sampler gives a last batch that is not full
 */
record UserSampling(List<Long> order, int batchSize, boolean keepsPartialBatch) {

    /**
     * Runs the data set's own sampler once over the whole data set.
     *
     * @param seed what the sampler's generator starts from, the same on all ranks
     */
    static UserSampling run(RandomAccessDataset dataset, long seed) {
        Sampler sampler = samplerOf(dataset);
        List<Long> order = new ArrayList<>();
        int longest = 0;
        // DJL's samplers draw from this one generator. It is handed back as it was found, but for
        // the number drawn here.
        long resume = RandomUtils.RANDOM.nextLong();
        RandomUtils.RANDOM.setSeed(seed);
        try {
            Iterator<List<Long>> batches = sampler.sample(dataset);
            while (batches.hasNext()) {
                List<Long> batch = batches.next();
                longest = Math.max(longest, batch.size());
                order.addAll(batch);
            }
        } finally {
            RandomUtils.RANDOM.setSeed(resume);
        }
        int batchSize = sampler.getBatchSize() > 0 ? sampler.getBatchSize() : Math.max(1, longest);
        return new UserSampling(List.copyOf(order), batchSize, !dropsLast(sampler));
    }

    private static Sampler samplerOf(RandomAccessDataset dataset) {
        return (Sampler) DjlField.of(RandomAccessDataset.class, "sampler").get(dataset);
    }

    private static boolean dropsLast(Sampler sampler) {
        return sampler instanceof BatchSampler
                && (Boolean) DjlField.of(BatchSampler.class, "dropLast").get(sampler);
    }
}
