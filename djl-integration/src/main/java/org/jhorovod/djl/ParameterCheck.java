package org.jhorovod.djl;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.djl.local.Numbers;

/** Compares all parameters between the ranks, bit for bit. */
final class ParameterCheck {
    private ParameterCheck() {}

    /**
     * Compares a fingerprint, and each parameter's only if that differs. Blocks for the slowest
     * rank.
     *
     * @param name of the comparison on all ranks
     * @throws MismatchException naming the first parameter that differs and the rank
     */
    static void require(Communicator communicator, String name, List<NamedParameter> parameters) {
        long[] mine = parameters.stream().mapToLong(ParameterDigest::of).toArray();
        long[][] combined = Numbers.gather(communicator, name, combine(mine));
        if (LongStream.range(0, combined.length)
                .allMatch(r -> combined[(int) r][0] == combined[0][0])) {
            return;
        }
        long[][] all = Numbers.gather(communicator, name + "/details", mine);
        Difference difference = firstDifference(all).orElse(new Difference(0, 0));
        throw new MismatchException(
                "Parameter '%s' of rank %d is no longer equal to the other ranks' (%s). Something changed the model on one rank only: a save or load, a frozen layer, or a step that not all ranks made. Find it, and start again from the last good state."
                        .formatted(
                                parameters.get(difference.parameter()).describe(),
                                difference.rank(),
                                name));
    }

    private static long combine(long[] digests) {
        ByteBuffer bytes = ByteBuffer.allocate(digests.length * Long.BYTES);
        bytes.asLongBuffer().put(digests);
        return ByteBuffer.wrap(ParameterDigest.newSha256().digest(bytes.array())).getLong();
    }

    /** Which parameter differs, and on which rank. */
    record Difference(int parameter, int rank) {}

    /** The first parameter that is not equal on all ranks, with a rank that is in the minority. */
    static Optional<Difference> firstDifference(long[][] digestsOfRanks) {
        for (int parameter = 0; parameter < digestsOfRanks[0].length; parameter++) {
            int p = parameter;
            long[] values =
                    LongStream.range(0, digestsOfRanks.length)
                            .map(rank -> digestsOfRanks[(int) rank][p])
                            .toArray();
            long common = mostFrequent(values);
            for (int rank = 0; rank < values.length; rank++) {
                if (values[rank] != common) {
                    return Optional.of(new Difference(parameter, rank));
                }
            }
        }
        return Optional.empty();
    }

    /** The most frequent value; rank 0's where two are equally frequent and it has one of them. */
    private static long mostFrequent(long[] values) {
        long best = values[0];
        long bestCount = 0;
        for (long value : values) {
            long count = LongStream.of(values).filter(v -> v == value).count();
            if (count > bestCount) {
                best = value;
                bestCount = count;
            }
        }
        return best;
    }
}
