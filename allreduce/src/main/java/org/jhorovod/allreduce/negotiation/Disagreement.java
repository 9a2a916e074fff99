package org.jhorovod.allreduce.negotiation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jspecify.annotations.Nullable;

/** Finds what ranks that submit the same name do not agree on. */
final class Disagreement {

    /** One thing that has to be the same, in words. */
    private record Difference(String what, String first, String other, String cause) {}

    private Disagreement() {}

    /**
     * Why a tensor cannot run, in words for users; empty if it can.
     *
     * @param requests by rank; null of a rank that has joined
     */
    static Optional<String> of(List<@Nullable Request> requests, RankNames names) {
        int firstRank = firstOf(requests);
        Request first = requests.get(firstRank);
        boolean hasAll = true;
        for (int rank = 0; rank < requests.size(); rank++) {
            Request other = requests.get(rank);
            hasAll &= other != null;
            if (other == null || first == null || other.equals(first)) {
                continue;
            }
            Optional<Difference> difference = between(first, other);
            if (difference.isPresent()) {
                return Optional.of(
                        describe(first, names.of(firstRank), names.of(rank), difference.get()));
            }
        }
        if (first == null) {
            return Optional.empty();
        }
        boolean hasAllTensors = hasAll;
        return onDevice(first)
                .or(() -> hasAllTensors ? Optional.empty() : withJoined(first, requests, names));
    }

    private static int firstOf(List<@Nullable Request> requests) {
        int rank = 0;
        while (requests.get(rank) == null) {
            rank++;
        }
        return rank;
    }

    private static String describe(
            Request first, String firstRank, String otherRank, Difference found) {
        return "'%s' cannot run: the ranks do not agree on its %s: %s submitted %s, %s %s. %s"
                .formatted(
                        first.name(),
                        found.what(),
                        firstRank,
                        found.first(),
                        otherRank,
                        found.other(),
                        found.cause());
    }

    private static Optional<Difference> between(Request one, Request other) {
        CollectiveCall a = one.call();
        CollectiveCall b = other.call();
        if (a.kind() != b.kind()) {
            return difference(
                    "operation",
                    a.kind().word(),
                    b.kind().word(),
                    "Look for a name that two collectives share, or a rank-dependent branch.");
        }
        if (a.type() != b.type()) {
            return difference(
                    "type",
                    a.type() + one.shape().toString(),
                    b.type() + other.shape().toString(),
                    "Look for a cast on some ranks, or a layer whose type depends on the rank.");
        }
        if (a.op() != b.op()
                || a.isPrescaled() != b.isPrescaled()
                || Double.compare(a.postscale(), b.postscale()) != 0) {
            return difference("reduction", reduction(a), reduction(b), "Give the same everywhere.");
        }
        if (a.root() != b.root()) {
            return difference(
                    "root",
                    "root " + a.root(),
                    "root " + b.root(),
                    "The root is a rank's number, the same on all ranks, not each rank's own.");
        }
        if (a.memory() != b.memory()) {
            return difference(
                    "memory",
                    "a tensor in " + memory(a),
                    "one in " + memory(b),
                    "Look for a rank without a GPU, or a copy to the host on some ranks.");
        }
        return shapes(one, other).or(() -> groups(one, other));
    }

    private static Optional<Difference> shapes(Request one, Request other) {
        boolean mayDifferInRows = one.mayDifferInRows();
        if (one.shape().dimensions().size() != other.shape().dimensions().size()) {
            return difference(
                    "number of dimensions",
                    one.call().type() + one.shape().toString(),
                    other.call().type() + other.shape().toString(),
                    "Look for a reshape, or a model that is not the same on all ranks.");
        }
        if (one.call().kind() == CollectiveCall.Kind.SPARSE_ALL_REDUCE
                && one.indexType() != other.indexType()) {
            return difference(
                    "type of the indices",
                    "indices of " + one.indexType(),
                    "indices of " + other.indexType(),
                    "Convert them to the same type on all ranks.");
        }
        if (!one.call().parts().equals(other.call().parts())) {
            return difference(
                    "counts",
                    "parts '%s'".formatted(one.call().parts()),
                    "parts '%s'".formatted(other.call().parts()),
                    "Compute the counts in the same way on all ranks.");
        }
        if (one.hasCounts() || one.shape().equals(other.shape())) {
            return Optional.empty();
        }
        boolean isSame =
                mayDifferInRows
                        && (one.shape().dimensions().isEmpty()
                                || one.shape().ofRow().equals(other.shape().ofRow()));
        return isSame
                ? Optional.empty()
                : difference(
                        "shape",
                        one.call().type() + one.shape().toString(),
                        other.call().type() + other.shape().toString(),
                        mayDifferInRows
                                ? "Only the first dimension may differ here."
                                : "Look for a last batch that is smaller on one rank,"
                                        + " rank-dependent layers, or a stale checkpoint.");
    }

    private static Optional<Difference> groups(Request one, Request other) {
        return one.grouping().equals(other.grouping())
                ? Optional.empty()
                : difference(
                        "group",
                        group(one),
                        group(other),
                        "Submit the same tensors together on all ranks.");
    }

    private static String group(Request request) {
        return request.grouping().isGroup()
                ? "it in the group '%s' of %d"
                        .formatted(request.grouping().name(), request.grouping().size())
                : "it by itself";
    }

    private static String reduction(CollectiveCall call) {
        return (call.isPrescaled() ? "a prescaled " : "")
                + call.op()
                + (call.postscale() == 1 ? "" : " times " + call.postscale());
    }

    private static String memory(CollectiveCall call) {
        return call.memory() == CollectiveCall.Memory.HOST
                ? "the host's memory"
                : "a device's memory";
    }

    private static Optional<Difference> difference(
            String what, String first, String other, String cause) {
        return Optional.of(new Difference(what, first, other, cause));
    }

    /** What none can do. */
    private static Optional<String> onDevice(Request request) {
        return request.call().memory() == CollectiveCall.Memory.HOST
                ? Optional.empty()
                : Optional.of(
                        "'%s' cannot run: it lies on a device, and tensors that are submitted by name lie in host memory. Copy it there, or call the %s on planned(), in the same order on all ranks."
                                .formatted(request.name(), request.call().kind().word()));
    }

    /** What a collective cannot do where ranks have joined. */
    private static Optional<String> withJoined(
            Request request, List<@Nullable Request> requests, RankNames names) {
        int root = request.call().root();
        List<Integer> joined = new ArrayList<>();
        for (int rank = 0; rank < requests.size(); rank++) {
            if (requests.get(rank) == null) {
                joined.add(rank);
            }
        }
        if (request.canRunWithout(joined)) {
            return Optional.empty();
        }
        String why =
                root >= 0
                        ? "it is the root, and has nothing to send. Broadcast from a rank that"
                                + " still trains, or before it joins."
                        : "all ranks have to take part in it. Call it before a rank joins, or, for"
                                + " an all-gather, without an output.";
        return Optional.of(
                "The %s of '%s' cannot run: %s has joined, and %s"
                        .formatted(
                                request.call().kind().word(),
                                request.name(),
                                names.of(joined.contains(root) ? root : joined.get(0)),
                                why));
    }
}
