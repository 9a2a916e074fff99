package org.jhorovod.djl;

import java.util.List;

/**
 * How many samples each rank takes of those that all work on together.
 *
 * @param counts in rank order
 */
record Shares(List<Long> counts) {
    Shares {
        counts = List.copyOf(counts);
    }

    /** How many this rank takes. */
    long of(int rank) {
        return counts.get(rank);
    }

    /** How many the ranks before this one take together. */
    long before(int rank) {
        return counts.subList(0, rank).stream().mapToLong(count -> count).sum();
    }
}
