package org.jhorovod.allreduce;

import java.net.InetAddress;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jhorovod.allreduce.collective.Topology;

/**
 * Which ranks a rank can connect to, and which to it.
 *
 * @param self this rank
 * @param own its host's address, by which the others know it
 * @param addresses of the other ranks, as far as they are known by now
 */
record Neighbourhood(
        Topology self,
        InetAddress own,
        Group group,
        NetworkView network,
        Map<Integer, PublishedAddress> addresses) {

    /** How this rank connects to one to which it usually does. */
    Dialling to(PublishedAddress there) {
        return Dialling.between(network.access(), there.access(), isOnThisHost(there));
    }

    /** How one connects to this rank that usually does. */
    Dialling from(PublishedAddress there) {
        return Dialling.between(there.access(), network.access(), isOnThisHost(there));
    }

    /** Names are for people and may be given twice, private addresses too; hardly both. */
    private boolean isOnThisHost(PublishedAddress there) {
        return there.host().equals(self.host()) && there.socket().getAddress().equals(own);
    }

    /** The ranks whose connections to this one may go through the relay. */
    Set<Integer> perhapsRelayed() {
        Set<Integer> ranks = new HashSet<>();
        addresses.forEach(
                (rank, there) -> {
                    if (to(there).mayBeRelayed()) {
                        ranks.add(rank);
                    }
                });
        return ranks;
    }

    /** Whether all ranks can connect to each other, once all are known. */
    boolean areAllOpen() {
        return network.access() == Access.OPEN
                && addresses.values().stream().allMatch(there -> there.access() == Access.OPEN);
    }

    /**
     * The first rank between which and this one not both can connect, once all are known, in words;
     * empty if there is none, as far as this rank knows.
     */
    String obstacle() {
        for (int rank = 0; rank < self.size(); rank++) {
            PublishedAddress there = addresses.get(rank);
            if (there != null && !isBothWays(rank, there)) {
                String other = "rank %d on %s".formatted(rank, there.host());
                String here = "rank %d on %s".formatted(self.rank(), self.host());
                boolean isOther = there.access() != Access.OPEN;
                return "%s cannot be connected to by %s"
                        .formatted(isOther ? other : here, isOther ? here : other);
            }
        }
        return "";
    }

    private boolean isBothWays(int rank, PublishedAddress there) {
        return Dialling.isBothWays(
                network.access(),
                there.access(),
                isOnThisHost(there),
                network.distant().contains(group.inJob(rank)));
    }
}
