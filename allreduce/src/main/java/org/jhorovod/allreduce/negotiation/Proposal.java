package org.jhorovod.allreduce.negotiation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jhorovod.allreduce.negotiation.Announcement.Refused;
import org.jspecify.annotations.Nullable;

/** A name that some ranks have announced. Owned by the negotiator's thread. */
final class Proposal {
    /** Not all ranks have announced it by one number. */
    private static final int NO_NUMBER = -1;

    private static final int MOST_LATER = 1 << 16;

    private final String name;
    private final List<@Nullable Request> requests; // by rank; null where not announced yet
    private final SortedMap<Integer, Refused> refusals = new TreeMap<>(); // by rank
    private final List<Later> later = new ArrayList<>();
    private long sinceNanos; // of the first tensor
    private int count;
    private int number = NO_NUMBER;
    private boolean hasNumbers = true;

    /**
     * What a rank has announced of the name after this: it comes next.
     *
     * @param request empty if it is a refused call
     */
    record Later(int rank, Announcement.Item item, Optional<Request> request, long sinceNanos) {}

    /** A tensor that a rank waits for. */
    record Oldest(Request request, long sinceNanos) {}

    Proposal(String name, int size) {
        this.name = name;
        this.requests = new ArrayList<>(Collections.nCopies(size, null));
    }

    String name() {
        return name;
    }

    /** Notes what a rank has submitted. */
    void add(int rank, Request request, int knownNumber, long nowNanos) {
        sinceNanos = hasTensor() ? sinceNanos : nowNanos;
        hasNumbers &= knownNumber >= 0 && (count == 0 || number == knownNumber);
        number = hasNumbers ? knownNumber : NO_NUMBER;
        requests.set(rank, request);
        count++;
    }

    /** Notes that a rank's own call has failed. */
    void refuse(int rank, Refused refused) {
        hasNumbers = false;
        number = NO_NUMBER;
        refusals.put(rank, refused);
        count++;
    }

    /**
     * Keeps what a rank says of the name when it has been answered. Nobody has two tensors of one
     * name under way; but a refused call is over for its rank at once.
     *
     * @throws IOException if this is a second tensor, or too much
     */
    void keep(Later added) throws IOException {
        boolean isSecond = added.request().isPresent() && submitting().contains(added.rank());
        if (isSecond || later.size() == MOST_LATER) {
            throw new IOException("it announced '%s' twice".formatted(name));
        }
        later.add(added);
    }

    /** What has been kept, in the order in which it came. */
    List<Later> later() {
        return later;
    }

    boolean has(int rank) {
        return requests.get(rank) != null || refusals.containsKey(rank);
    }

    /** Whether any rank has submitted it, and not been refused at once. */
    private boolean hasTensor() {
        return count > refusals.size();
    }

    /** The ranks that wait for it, or for what comes next of its name. */
    SortedSet<Integer> submitting() {
        SortedSet<Integer> ranks = new TreeSet<>(ranks(true));
        ranks.removeAll(refusals.keySet());
        later.stream()
                .filter(each -> each.request().isPresent())
                .forEach(each -> ranks.add(each.rank()));
        return ranks;
    }

    /** What has waited longest; empty if nobody waits. */
    Optional<Oldest> oldest() {
        return hasTensor()
                ? Optional.of(new Oldest(first(), sinceNanos))
                : later.stream()
                        .flatMap(
                                each ->
                                        each
                                                .request()
                                                .map(r -> new Oldest(r, each.sinceNanos()))
                                                .stream())
                        .findFirst();
    }

    /** The ranks whose own calls have failed. */
    List<Integer> refusing() {
        return List.copyOf(refusals.keySet());
    }

    /** Why it cannot run on the first of these, in words for users; empty if there is none. */
    Optional<String> refusal(RankNames names) {
        return refusals.entrySet().stream()
                .findFirst()
                .map(
                        first ->
                                "'%s' cannot run: the call failed on %s, so that no rank runs it. %s"
                                        .formatted(
                                                name,
                                                names.of(first.getKey()),
                                                first.getValue().reason()));
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

    /** By rank; null of those that have not announced it, or have refused it. */
    List<@Nullable Request> requests() {
        return requests;
    }

    /** The request of the lowest rank that has submitted it. */
    Request first() {
        for (Request request : requests) {
            if (request != null) {
                return request;
            }
        }
        throw new IllegalStateException("bug: nobody has submitted " + name);
    }

    /** The groups in which ranks have it, which should be one. */
    Set<String> groups() {
        Set<String> groups = new HashSet<>();
        for (Request request : requests) {
            if (request != null && request.grouping().isGroup()) {
                groups.add(request.grouping().name());
            }
        }
        refusals.values().stream()
                .map(Refused::group)
                .filter(group -> !group.isEmpty())
                .forEach(groups::add);
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
