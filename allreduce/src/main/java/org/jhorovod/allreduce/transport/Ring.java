package org.jhorovod.allreduce.transport;

import java.util.List;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.rendezvous.Identity.Purpose;

/**
 * Ranks in a circle, as one of them sees it.
 *
 * @param purpose tells the connections of this ring from those of another between the same ranks
 * @param ranks in their order around the ring; two or more where there is anything to connect
 * @param position of this rank among them
 */
public record Ring(Purpose purpose, List<Integer> ranks, int position) {

    /** Checks the position. */
    public Ring {
        ranks = List.copyOf(ranks);
        if (position < 0 || position >= ranks.size()) {
            throw new IllegalArgumentException(
                    "bug: position %d in the ring %s".formatted(position, ranks));
        }
    }

    /** All ranks of a job, in their order. */
    public static Ring ofAll(int rank, int size) {
        return new Ring(Purpose.DATA, IntStream.range(0, size).boxed().toList(), rank);
    }

    /** How many ranks the ring has. */
    public int size() {
        return ranks.size();
    }

    /** The rank to which this one sends. */
    public int nextRank() {
        return ranks.get((position + 1) % size());
    }

    /** The rank from which this one receives. */
    public int previousRank() {
        return ranks.get((position + size() - 1) % size());
    }

    /** This rank. */
    public int rank() {
        return ranks.get(position);
    }
}
