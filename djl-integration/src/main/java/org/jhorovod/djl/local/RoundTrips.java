package org.jhorovod.djl.local;

import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the sites of a job by how long a message takes from one host to another and back. One rank
 * of each host measures; the shortest of several times counts, as a busy host answers late.
 */
final class RoundTrips {
    /**
     * The longest between two hosts of one site: more than in a building, less than between two.
     */
    static final long NEAR_NANOS = TimeUnit.MILLISECONDS.toNanos(3);

    private static final Logger logger = LoggerFactory.getLogger(RoundTrips.class);
    private static final int TIMES = 12;

    private RoundTrips() {}

    /**
     * Measures. A collective: blocks until all ranks have done so.
     *
     * @param name for messages, the same on all ranks
     * @return the number of this rank's site
     */
    static int site(Communicator job, String name) {
        try (Communicator host = job.split(name + "/host", Communicator.BY_HOST);
                Communicator first = job.split(name + "/first", host.rank() == 0 ? 0 : 1)) {
            HostTensor site = HostTensor.allocate(DataType.INT64, 1);
            LongBuffer number = site.buffers().get(0).asLongBuffer();
            if (host.rank() == 0) {
                long[][] nanos = Numbers.gather(first, name + "/nanos", measure(first, name));
                int[] sites = NearHosts.sites(nanos, NEAR_NANOS);
                number.put(0, sites[first.rank()]);
                long[][] firstRanks = Numbers.gather(first, name + "/ranks", job.rank());
                if (job.rank() == 0) {
                    tell(sites, nanos, firstRanks);
                }
            }
            host.broadcast(name + "/number", site, 0);
            return Math.toIntExact(number.get(0));
        }
    }

    /** From this host to each other. */
    private static long[] measure(Communicator hosts, String name) {
        long[] nanos = new long[hosts.size()];
        for (int turn = 0; turn < NearHosts.turns(hosts.size()); turn++) {
            int partner = NearHosts.partner(hosts.rank(), turn, hosts.size());
            int colour = Math.min(partner, hosts.rank());
            try (Communicator pair = hosts.split(name + "/pair", colour)) {
                nanos[partner] = pair.size() == 1 ? 0 : ping(pair, name);
            }
        }
        return nanos;
    }

    private static long ping(Communicator pair, String name) {
        HostTensor ball = HostTensor.allocate(DataType.INT8, 1);
        long shortest = Long.MAX_VALUE;
        for (int i = 0; i < TIMES; i++) {
            pair.barrier(name + "/serve");
            long start = System.nanoTime();
            pair.broadcast(name + "/there", ball, 0);
            pair.broadcast(name + "/back", ball, 1);
            shortest = Math.min(shortest, System.nanoTime() - start);
        }
        // The other one has only waited for the ball, and does not know when it was thrown.
        return pair.rank() == 0 ? shortest : 0;
    }

    private static void tell(int[] sites, long[][] nanos, long[][] firstRanks) {
        int count = Arrays.stream(sites).max().orElse(0) + 1;
        String members =
                IntStream.range(0, count)
                        .mapToObj(site -> members(sites, site, firstRanks))
                        .collect(Collectors.joining("; "));
        logger.info(
                "By their round trips, near being up to {} ms, {} hosts are {} sites: {}.",
                TimeUnit.NANOSECONDS.toMillis(NEAR_NANOS),
                sites.length,
                count,
                members);
        logger.debug("Round trips from each host to each, in ns: {}", Arrays.deepToString(nanos));
        if (count == 1) {
            logger.warn(
                    "All hosts are near each other, so that there is one site, and all ranks"
                            + " average their gradients in each step. Say JHOROVOD_SITES=host to"
                            + " have each host train by itself for some steps.");
        }
    }

    /** A site by the first rank of each of its hosts. */
    private static String members(int[] sites, int site, long[][] firstRanks) {
        return IntStream.range(0, sites.length)
                .filter(host -> sites[host] == site)
                .mapToObj(host -> Long.toString(firstRanks[host][0]))
                .collect(Collectors.joining(", ", "the hosts of ranks ", ""));
    }
}
