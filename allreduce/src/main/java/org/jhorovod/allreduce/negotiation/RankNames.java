package org.jhorovod.allreduce.negotiation;

import java.util.List;

/**
 * What messages call ranks.
 *
 * @param hosts by rank; in a part of a job with the rank's number in the job
 */
record RankNames(List<String> hosts) {
    int size() {
        return hosts.size();
    }

    String of(int rank) {
        return "rank %d on %s".formatted(rank, hosts.get(rank));
    }
}
