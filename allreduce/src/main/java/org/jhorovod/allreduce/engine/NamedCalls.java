package org.jhorovod.allreduce.engine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jhorovod.allreduce.negotiation.Request;

/** Submits calls by name, and groups of them, when their arguments have been checked. */
final class NamedCalls {
    private final NamedLane lane;
    private final OwnRefusals refusals;

    NamedCalls(NamedLane lane, OwnRefusals refusals) {
        this.lane = lane;
        this.refusals = refusals;
    }

    /**
     * Submits one; does not block.
     *
     * @param making checks the arguments, whose fault the other ranks are told
     */
    <T> CompletableFuture<T> submit(String name, Supplier<NamedCall<T>> making) {
        NamedCall<T> call = refusals.checked(name, making);
        return lane.submit(call.request(), call.named());
    }

    /**
     * Submits one for each tensor, of which all run or none does; does not block.
     *
     * @param making the same for each of them, by its name in the group
     * @return their futures
     */
    <I, T> List<CompletableFuture<T>> submitGroup(
            String group, List<? extends I> tensors, BiFunction<String, I, NamedCall<T>> making) {
        if (group.isEmpty()) {
            throw new IllegalArgumentException("A group of tensors needs a name.");
        }
        List<NamedCall<T>> calls =
                refusals.checked(group, tensors.size(), () -> members(group, tensors, making));
        Map<Request, Named<T>> members = new LinkedHashMap<>();
        calls.forEach(call -> members.put(call.request(), call.named()));
        lane.submit(members);
        return calls.stream().map(call -> call.named().future()).toList();
    }

    private static <I, T> List<NamedCall<T>> members(
            String group, List<? extends I> tensors, BiFunction<String, I, NamedCall<T>> making) {
        Request.Grouping grouping = new Request.Grouping(group, tensors.size());
        List<NamedCall<T>> members = new ArrayList<>();
        for (int i = 0; i < tensors.size(); i++) {
            members.add(making.apply(group + "/" + i, tensors.get(i)).in(grouping));
        }
        return members;
    }

    /** What comes of all of these. */
    static <T> CompletableFuture<List<T>> all(List<CompletableFuture<T>> futures) {
        return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new))
                .thenApply(done -> futures.stream().map(CompletableFuture::join).toList());
    }
}
