package org.jhorovod.launcher.spark;

import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Sampler;
import ai.djl.util.RandomUtils;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/**
 * An order of all rows that has at position {@code p} a row that lies on rank {@code p % size}:
 * each rank's rows are shuffled among themselves. A trainer that gives rank {@code r} the positions
 * {@code r}, {@code r + size} and so on so gives it its own rows.
 */
final class ResidueSampler implements Sampler {
    private final int size;
    private final int batchSize;

    ResidueSampler(int size, int batchSize) {
        this.size = size;
        this.batchSize = batchSize;
    }

    @Override
    public Iterator<List<Long>> sample(RandomAccessDataset dataset) {
        List<Long> order = order(dataset.size());
        List<List<Long>> batches = new ArrayList<>();
        for (int from = 0; from < order.size(); from += batchSize) {
            batches.add(order.subList(from, Math.min(order.size(), from + batchSize)));
        }
        return batches.iterator();
    }

    private List<Long> order(long total) {
        List<List<Long>> ofRanks = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            List<Long> rows = new ArrayList<>();
            for (long row = rank; row < total; row += size) {
                rows.add(row);
            }
            // DJL's generator, whose seed is the same on all ranks.
            Collections.shuffle(rows, RandomUtils.RANDOM);
            ofRanks.add(rows);
        }
        List<Long> order = new ArrayList<>();
        for (long position = 0; position < total; position++) {
            order.add(ofRanks.get((int) (position % size)).get((int) (position / size)));
        }
        return order;
    }

    @Override
    public int getBatchSize() {
        return batchSize;
    }
}
