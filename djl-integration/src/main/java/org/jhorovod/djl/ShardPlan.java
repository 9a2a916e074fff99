package org.jhorovod.djl;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * The part of a pass that one rank works through: positions {@code rank}, {@code rank + size}, and
 * so on, of an order of samples that is the same on all ranks. Shards of all ranks are disjoint,
 * cover the order, and differ by at most one sample.
 *
 * @param samples the indices of this rank's samples, in order
 * @param batchSize samples per batch
 * @param batchCount how many batches this rank has
 */
record ShardPlan(List<Long> samples, int batchSize, int batchCount) implements Shard {

    /**
     * Takes a rank's part.
     *
     * @param order indices of all samples of the pass
     * @param keepsPartialBatch whether a last batch that is not full counts
     */
    static ShardPlan of(
            List<Long> order, int rank, int size, int batchSize, boolean keepsPartialBatch) {
        requireBatchSize(batchSize);
        List<Long> samples = new ArrayList<>(order.size() / size + 1);
        for (int position = rank; position < order.size(); position += size) {
            samples.add(order.get(position));
        }
        int full = samples.size() / batchSize;
        boolean isLastPartial = samples.size() % batchSize != 0;
        List<Long> used = keepsPartialBatch ? samples : samples.subList(0, full * batchSize);
        int batchCount = keepsPartialBatch && isLastPartial ? full + 1 : full;
        return new ShardPlan(List.copyOf(used), batchSize, batchCount);
    }

    /** Refuses a size that batches cannot have. */
    static int requireBatchSize(int batchSize) {
        if (batchSize < 1) {
            throw new IllegalArgumentException(
                    "The data set's batch size is %d; it must be at least 1. Set it with the data set's setSampling."
                            .formatted(batchSize));
        }
        return batchSize;
    }

    @Override
    public Reached reached(long taken, long samplesTaken) {
        return new Reached(samplesTaken, samples.size());
    }

    @Override
    public Iterator<List<Long>> iterator() {
        return batches().iterator();
    }

    /** The indices of the samples of each batch. */
    List<List<Long>> batches() {
        List<List<Long>> batches = new ArrayList<>(batchCount);
        for (int batch = 0; batch < batchCount; batch++) {
            int from = batch * batchSize;
            int left = samples.size() - from;
            batches.add(samples.subList(from, from + Math.min(left, batchSize)));
        }
        return batches;
    }

    /** A number that tells two orders apart. */
    static long fingerprint(List<Long> order) {
        MessageDigest digest = ParameterDigest.newSha256();
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES);
        for (long sample : order) {
            digest.update(bytes.putLong(0, sample).array());
        }
        return ByteBuffer.wrap(digest.digest()).getLong();
    }
}
