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
     * Puts together what the ranks know of themselves: the cross rank of a rank counts the hosts
     * that have its local rank, in one order of the hosts.
     *
     * @param ranks what each rank knows, by rank
     * @return empty if that does not fit together
     */
    public static Optional<Placement> of(List<Topology> ranks) {
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
