package org.jhorovod.launcher.endtoend;

import org.jhorovod.allreduce.collective.Topology;

/** Where a rank is, as the programs of these tests say it. */
final class Place {
    private Place() {}

    static String of(Topology topology) {
        return "rank %d of %d, local %d of %d, cross %d of %d, on %s"
                .formatted(
                        topology.rank(),
                        topology.size(),
                        topology.localRank(),
                        topology.localSize(),
                        topology.crossRank(),
                        topology.crossSize(),
                        topology.host());
    }
}
