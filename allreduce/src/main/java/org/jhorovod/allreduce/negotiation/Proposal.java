package org.jhorovod.allreduce.negotiation;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A name that some ranks have announced. Owned by the negotiator's thread. */
final class Proposal {
    /** Not all ranks have announced it by one number. */
    private static final int NO_NUMBER = -1;

    private final String name;
    private final List<@Nullable Request> requests; // by rank; null where not announced yet
    private final long sinceNanos;
    private int count;
    private int number = NO_NUMBER;
    private boolean hasNumbers = true;

    Proposal(String name, int size, long nowNanos) {
        this.name = name;
        this.requests = new ArrayList<>(Collections.nCopies(size, null));
        this.sinceNanos = nowNanos;
    }

    String name() {
        return name;
    }

    long sinceNanos() {
        return sinceNanos;
    }

    /** Notes what a rank has announced. */
    void add(int rank, Request request, int knownNumber) {
        hasNumbers &= knownNumber >= 0 && (count == 0 || number == knownNumber);
        number = hasNumbers ? knownNumber : NO_NUMBER;
        requests.set(rank, request);
        count++;
    }

    boolean has(int rank) {
        return requests.get(rank) != null;
    }

    /** The ranks that have announced it, or those that have not. */
    List<Integer> ranks(boolean haveIt) {
        List<Integer> ranks = new ArrayList<>();
        for (int rank = 0; rank < requests.size(); rank++) {
            if (has(rank) == haveIt) {
                ranks.add(rank);
            }
        }
        return ranks;
    }

    /** Whether all ranks have announced it that have not joined. */
    boolean isReady(BitSet joined) {
        int here = count;
        for (int rank = joined.nextSetBit(0); rank >= 0; rank = joined.nextSetBit(rank + 1)) {
            here += has(rank) ? 0 : 1;
        }
        return here == requests.size();
    }

    /** How many ranks have not announced it. */
    int absent() {
        return requests.size() - count;
    }

    /** By rank; null of those that have not announced it. */
    List<@Nullable Request> requests() {
        return requests;
    }

    /** The request of the lowest rank that has announced it. */
    Request first() {
        for (Request request : requests) {
            if (request != null) {
                return request;
            }
        }
        throw new IllegalStateException("bug: nobody has announced " + name);
    }

    /** The groups in which ranks have it, which should be one. */
    Set<String> groups() {
        Set<String> groups = new HashSet<>();
        for (Request request : requests) {
            if (request != null && request.grouping().isGroup()) {
                groups.add(request.grouping().name());
            }
        }
        return groups;
    }

    /** The number by which all ranks have announced it, or -1. */
    int number() {
        return absent() == 0 ? number : NO_NUMBER;
    }

    /** The first dimension of each rank, where ranks may differ in it; else empty. */
    List<Long> rows() {
        if (!first().mayDifferInRows()) {
            return List.of();
        }
        List<Long> rows = new ArrayList<>();
        for (Request request : requests) {
            rows.add(request == null ? 0 : request.shape().rows());
        }
        return rows;
    }
}
