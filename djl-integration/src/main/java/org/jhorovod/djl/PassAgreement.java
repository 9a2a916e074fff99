package org.jhorovod.djl;

import java.util.Arrays;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.djl.local.Numbers;

/** What the ranks agree on before a pass over a data set. */
final class PassAgreement {
    private PassAgreement() {}

    /**
     * Makes sure that all ranks divide the same order of samples, and exchanges their batch counts.
     * Blocks for the slowest rank.
     *
     * @param fingerprint of the sampling's order
     * @param batchCount of this rank
     * @return the number of batches of each rank
     * @throws MismatchException naming the first rank that differs from rank 0
     */
    static long[] require(
            Communicator communicator,
            String passName,
            UserSampling sampling,
            long fingerprint,
            int batchCount) {
        long[][] all =
                Numbers.gather(
                        communicator,
                        passName + "/start",
                        batchCount,
                        sampling.order().size(),
                        sampling.batchSize(),
                        fingerprint);
        List<String> what = List.of("", "samples", "as batch size", "as fingerprint of the order");
        for (int rank = 1; rank < all.length; rank++) {
            for (int i = 1; i < what.size(); i++) {
                if (all[rank][i] != all[0][i]) {
                    throw new MismatchException(
                            "The ranks would divide different data in %s: rank 0 has %d %s, rank %d has %d. All ranks must open the same data set, and its sampler must draw random numbers from ai.djl.util.RandomUtils or from a fixed seed."
                                    .formatted(
                                            passName, all[0][i], what.get(i), rank, all[rank][i]));
                }
            }
        }
        return Arrays.stream(all).mapToLong(ofRank -> ofRank[0]).toArray();
    }
}
