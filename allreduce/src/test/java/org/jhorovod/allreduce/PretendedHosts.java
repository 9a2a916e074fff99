package org.jhorovod.allreduce;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.backend.host.HostBackendProvider;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.engine.Backends;
import org.jhorovod.allreduce.rendezvous.Secret;

/** Ranks that pretend to run on several hosts, all of which have the same name. */
final class PretendedHosts {
    private PretendedHosts() {}

    /** Forms a job with the transports that it would have on those hosts. */
    static InProcessCluster start(List<Topology> ranks, Configuration configuration) {
        return start(ranks, InetAddress.getLoopbackAddress(), configuration);
    }

    /** The same at a given address of this machine. */
    static InProcessCluster start(
            List<Topology> ranks, InetAddress address, Configuration configuration) {
        return start(ranks, address, Secret.random(), configuration);
    }

    /** The same with a given secret. */
    static InProcessCluster start(
            List<Topology> ranks, InetAddress address, Secret secret, Configuration configuration) {
        return InProcessCluster.start(
                ranks,
                address,
                secret,
                configuration,
                meeting ->
                        Backends.ofHost(
                                new HostBackendProvider().open(meeting), "the ranks are threads."));
    }

    /** Consecutive ranks on each host. */
    static List<Topology> of(int... localSizes) {
        int size = IntStream.of(localSizes).sum();
        List<Topology> ranks = new ArrayList<>();
        for (int host = 0; host < localSizes.length; host++) {
            for (int localRank = 0; localRank < localSizes[host]; localRank++) {
                int own = localRank;
                long crossRank = IntStream.of(localSizes).limit(host).filter(n -> n > own).count();
                long crossSize = IntStream.of(localSizes).filter(n -> n > own).count();
                ranks.add(
                        new Topology(
                                ranks.size(),
                                size,
                                localRank,
                                localSizes[host],
                                (int) crossRank,
                                (int) crossSize,
                                "localhost"));
            }
        }
        return ranks;
    }
}
