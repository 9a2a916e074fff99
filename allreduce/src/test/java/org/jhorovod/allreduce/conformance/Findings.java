package org.jhorovod.allreduce.conformance;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.HostTensor;

/**
 * What a case finds wrong on one rank. Gathered and thrown at the case's end, so that all ranks run
 * the same collectives whatever each of them finds.
 */
final class Findings {
    private static final int MOST = 5;

    private final Participant participant;
    private final List<String> texts = new ArrayList<>();

    Findings(Participant participant) {
        this.participant = participant;
    }

    void add(String text) {
        if (texts.size() < MOST) {
            texts.add(text);
        }
    }

    /** Finds ranks that have other bits; all ranks call this. */
    void requireSameOnAllRanks(String what, HostTensor result) {
        long mine = digest(result);
        long[] all = participant.gather("digest", mine);
        for (int rank = 0; rank < all.length; rank++) {
            if (all[rank] != mine) {
                add("%s: rank %d has other bits".formatted(what, rank));
            }
        }
    }

    /** Whether this rank is the one to check the elements of a large tensor. */
    boolean isMyTurn(long count) {
        return !Samples.isLarge(count) || count % participant.size() == participant.rank();
    }

    private static long digest(HostTensor tensor) {
        Hasher hasher = Hashing.murmur3_128().newHasher();
        for (ByteBuffer buffer : tensor.buffers()) {
            hasher.putBytes(buffer);
        }
        return hasher.hash().asLong();
    }

    /** Throws if there is anything. */
    void report() {
        if (!texts.isEmpty()) {
            throw new AssertionError(
                    "rank %d: %s".formatted(participant.rank(), String.join("; ", texts)));
        }
    }
}
