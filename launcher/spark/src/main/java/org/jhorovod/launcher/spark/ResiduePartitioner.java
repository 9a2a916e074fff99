package org.jhorovod.launcher.spark;

import org.apache.spark.Partitioner;
import org.jspecify.annotations.Nullable;

/** Deals out numbered rows: row {@code i} goes to partition {@code i % count}. */
final class ResiduePartitioner extends Partitioner {
    private static final long serialVersionUID = 1L;
    private final int count;

    ResiduePartitioner(int count) {
        this.count = count;
    }

    @Override
    public int numPartitions() {
        return count;
    }

    @Override
    public int getPartition(Object number) {
        return (int) ((Long) number % count);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ResiduePartitioner same && same.count == count;
    }

    @Override
    public int hashCode() {
        return count;
    }
}
