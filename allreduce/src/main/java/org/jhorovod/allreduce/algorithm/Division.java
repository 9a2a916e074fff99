package org.jhorovod.allreduce.algorithm;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Topology;

/**
 * One group of a communicator's ranks, as one of its members sees it.
 *
 * @param members their numbers in the communicator, ascending
 * @param self this rank's place among them
 */
public record Division(List<Integer> members, Topology self) {

    /**
     * The group of a rank.
     *
     * @param places of all ranks, by rank
     * @param colours by rank: those of one colour are one group
     */
    public static Division of(List<Topology> places, List<Integer> colours, Topology self) {
        List<Integer> members = new ArrayList<>();
        for (int rank = 0; rank < colours.size(); rank++) {
            if (colours.get(rank).equals(colours.get(self.rank()))) {
                members.add(rank);
            }
        }
        return among(members, hosts(places, members), self);
    }

    /** The ranks of the host of a rank, which is alone where nobody knows who shares one. */
    public static Division byHost(List<Topology> places, Topology self) {
        List<List<Integer>> hosts = hosts(places, self.ranks());
        return among(hostOf(self.rank(), hosts), hosts, self);
    }

    private static Division among(
            List<Integer> members, List<List<Integer>> allHosts, Topology self) {
        List<List<Integer>> hosts =
                allHosts.stream()
                        .map(host -> host.stream().filter(members::contains).toList())
                        .filter(host -> !host.isEmpty())
                        .toList();
        return new Division(List.copyOf(members), place(members, hosts, self));
    }

    private static List<Integer> hostOf(int rank, List<List<Integer>> hosts) {
        return hosts.stream().filter(host -> host.contains(rank)).findFirst().orElseThrow();
    }

    /** The ranks by host; each member on one of its own where nobody knows who shares one. */
    private static List<List<Integer>> hosts(List<Topology> places, List<Integer> members) {
        return Placement.of(places)
                .map(Placement::hosts)
                .orElseGet(() -> members.stream().map(List::of).toList());
    }

    private static Topology place(List<Integer> members, List<List<Integer>> hosts, Topology self) {
        int rank = self.rank();
        List<Integer> own = hostOf(rank, hosts);
        int localRank = own.indexOf(rank);
        List<List<Integer>> across =
                hosts.stream().filter(host -> host.size() > localRank).toList();
        return new Topology(
                members.indexOf(rank),
                members.size(),
                localRank,
                own.size(),
                across.indexOf(own),
                across.size(),
                self.host());
    }
}
