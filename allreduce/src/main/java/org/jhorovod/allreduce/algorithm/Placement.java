package org.jhorovod.allreduce.algorithm;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.Topology;

/**
 * Which ranks share a host, as the host list says; host names play no part.
 *
 * @param hosts for each host its ranks in the order of their local ranks
 */
public record Placement(List<List<Integer>> hosts) {

    /** A place that no rank has taken yet. */
    private static final int NOBODY = -1;

    /**
     * Puts together what the ranks know of themselves.
     *
     * @param ranks what each rank knows, by rank
     * @return empty if that does not fit together, or does not say it
     */
    public static Optional<Placement> of(List<Topology> ranks) {
        // Where nobody told a rank of the other hosts, it takes all ranks for hosts.
        boolean isCrossUnknown =
                ranks.stream()
                        .allMatch(r -> r.crossSize() == r.size() && r.crossRank() == r.rank());
        return isCrossUnknown ? consecutive(ranks) : byCrossRank(ranks);
    }

    /**
     * Ranks that fill one host after another. Local ranks follow the order of the ranks, so no
     * other placement has the same ones.
     */
    private static Optional<Placement> consecutive(List<Topology> ranks) {
        List<List<Integer>> hosts = new ArrayList<>();
        int first = 0;
        while (first < ranks.size()) {
            int localSize = ranks.get(first).localSize();
            List<Integer> host = new ArrayList<>();
            for (int rank = first; rank < Math.min(first + localSize, ranks.size()); rank++) {
                Topology self = ranks.get(rank);
                if (self.localSize() != localSize || self.localRank() != rank - first) {
                    return Optional.empty();
                }
                host.add(rank);
            }
            if (host.size() < localSize) {
                return Optional.empty();
            }
            hosts.add(List.copyOf(host));
            first += localSize;
        }
        return Optional.of(new Placement(hosts));
    }

    /** The cross rank of a rank counts the hosts that have its local rank, in one order. */
    private static Optional<Placement> byCrossRank(List<Topology> ranks) {
        List<Topology> firsts =
                ranks.stream()
                        .filter(rank -> rank.localRank() == 0)
                        .sorted(Comparator.comparingInt(Topology::crossRank))
                        .toList();
        List<List<Integer>> hosts = new ArrayList<>();
        for (Topology first : firsts) {
            hosts.add(new ArrayList<>(Collections.nCopies(first.localSize(), NOBODY)));
        }
        for (Topology rank : ranks) {
            int[] havingLocalRank =
                    IntStream.range(0, hosts.size())
                            .filter(host -> hosts.get(host).size() > rank.localRank())
                            .toArray();
            if (havingLocalRank.length != rank.crossSize()) {
                return Optional.empty();
            }
            List<Integer> host = hosts.get(havingLocalRank[rank.crossRank()]);
            if (host.size() != rank.localSize() || host.get(rank.localRank()) != NOBODY) {
                return Optional.empty();
            }
            host.set(rank.localRank(), rank.rank());
        }
        boolean isComplete = hosts.stream().noneMatch(host -> host.contains(NOBODY));
        return isComplete
                ? Optional.of(new Placement(hosts.stream().map(List::copyOf).toList()))
                : Optional.empty();
    }

    /** The smallest number of ranks that a host has. */
    int smallestHost() {
        return hosts.stream().mapToInt(List::size).min().orElseThrow();
    }
}
