package org.jhorovod.launcher.plan;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Topology;

/** Which rank runs on which host. */
public final class SlotAssignment {
    private static final int MOST_LOCAL_RANKS = 1024;

    private SlotAssignment() {}

    /**
     * Fills the hosts in their order, each up to its slots, until {@code size} ranks have a place.
     * Hosts may have different numbers of slots: a rank's cross rank counts only the hosts that
     * have a rank with its local rank.
     *
     * @return one place per rank, in rank order
     * @throws IllegalArgumentException if the size is less than 1, the slots do not suffice, or a
     *     host would get more ranks than it can take
     */
    public static List<Topology> assign(int size, List<HostSlots> hosts) {
        if (size < 1) {
            throw new IllegalArgumentException(
                    "-np is %d, but a job has at least 1 rank".formatted(size));
        }
        int[] localSizes = localSizes(size, hosts);
        List<Topology> places = new ArrayList<>();
        for (int host = 0; host < hosts.size(); host++) {
            for (int localRank = 0; localRank < localSizes[host]; localRank++) {
                places.add(
                        new Topology(
                                places.size(),
                                size,
                                localRank,
                                localSizes[host],
                                hostsWith(localRank, localSizes, host),
                                hostsWith(localRank, localSizes, localSizes.length),
                                hosts.get(host).host()));
            }
        }
        return List.copyOf(places);
    }

    private static int[] localSizes(int size, List<HostSlots> hosts) {
        int[] localSizes = new int[hosts.size()];
        int placed = 0;
        for (int host = 0; host < localSizes.length; host++) {
            localSizes[host] = Math.min(hosts.get(host).slots(), size - placed);
            requireRoom(hosts.get(host).host(), localSizes[host]);
            placed += localSizes[host];
        }
        if (placed < size) {
            throw new IllegalArgumentException(
                    "-np is %d, but the hosts have %s; lower -np or add slots"
                            .formatted(size, placed == 1 ? "1 slot" : placed + " slots together"));
        }
        return localSizes;
    }

    private static void requireRoom(String host, int localSize) {
        if (localSize > MOST_LOCAL_RANKS) {
            throw new IllegalArgumentException(
                    "%d ranks would run on %s, but one host takes at most %d ranks"
                            .formatted(localSize, host, MOST_LOCAL_RANKS));
        }
    }

    /** How many of the first {@code end} hosts have a rank with this local rank. */
    private static int hostsWith(int localRank, int[] localSizes, int end) {
        int count = 0;
        for (int host = 0; host < end; host++) {
            if (localSizes[host] > localRank) {
                count++;
            }
        }
        return count;
    }
}
