package org.jhorovod.allreduce.algorithm;

import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.rendezvous.Identity.Purpose;
import org.jhorovod.allreduce.transport.Ring;

/**
 * One rank's part in an all-reduce by place.
 *
 * @param local the ring of the ranks of this host
 * @param cross the ring that carries this rank's shard between the hosts; empty if it has none
 * @param carriers how many ranks of each host carry a shard: those with the lowest local ranks
 */
public record Hierarchy(Ring local, Optional<Ring> cross, int carriers) {

    /**
     * The part of a rank, where going by place pays: it takes fewer steps and fewer bytes between
     * hosts than a ring around all ranks as soon as there are several hosts, and fewer of them than
     * ranks.
     *
     * @return empty if the ring around all ranks is the better way
     */
    public static Optional<Hierarchy> of(Placement placement, int rank) {
        List<List<Integer>> hosts = placement.hosts();
        boolean hasSharedHost = hosts.stream().anyMatch(host -> host.size() > 1);
        if (hosts.size() < 2 || !hasSharedHost) {
            return Optional.empty();
        }
        int carriers = placement.smallestHost();
        for (List<Integer> host : hosts) {
            int localRank = host.indexOf(rank);
            if (localRank >= 0) {
                Ring local = new Ring(Purpose.LOCAL_DATA, host, localRank);
                Optional<Ring> cross =
                        localRank < carriers
                                ? Optional.of(cross(hosts, localRank, hosts.indexOf(host)))
                                : Optional.empty();
                return Optional.of(new Hierarchy(local, cross, carriers));
            }
        }
        throw new IllegalArgumentException("bug: rank %d is not in %s".formatted(rank, placement));
    }

    private static Ring cross(List<List<Integer>> hosts, int localRank, int hostNumber) {
        List<Integer> ranks = hosts.stream().map(host -> host.get(localRank)).toList();
        return new Ring(Purpose.CROSS_DATA, ranks, hostNumber);
    }

    /**
     * One shard for each carrier, in the order of their local ranks, and an empty one for each
     * other rank of this host: the chunks of the local ring.
     */
    List<Span> shards(Span part, int elementBytes) {
        List<Span> shards = part.split(carriers, elementBytes);
        long end = part.byteOffset() + part.byteCount();
        while (shards.size() < local.size()) {
            shards.add(new Span(end, 0));
        }
        return shards;
    }
}
