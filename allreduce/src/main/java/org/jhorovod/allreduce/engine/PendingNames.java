package org.jhorovod.allreduce.engine;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.timeline.Track;

/**
 * What this rank has submitted by name, and has not ended; counts what ends in an error.
 *
 * <p>Safe for use by several threads.
 */
final class PendingNames {
    private final Track track;
    private final Map<String, Pending> pending = new ConcurrentHashMap<>();

    private record Pending(CollectiveCall.Kind kind, Named<?> named) {}

    /**
     * None yet.
     *
     * @param track with which they are counted
     */
    PendingNames(Track track) {
        this.track = track;
    }

    /** Takes one, unless there is another of its name. */
    boolean add(CollectiveCall call, Named<?> named) {
        return pending.putIfAbsent(call.name(), new Pending(call.kind(), named)) == null;
    }

    Optional<Named<?>> find(String name) {
        return Optional.ofNullable(pending.get(name)).map(Pending::named);
    }

    /** Some name, if there is one. */
    Optional<String> any() {
        return pending.keySet().stream().findFirst();
    }

    /** Takes one away whose future is completed, or that has not been announced; if it is there. */
    boolean remove(String name) {
        return pending.remove(name) != null;
    }

    /** Fails the future of a name, if it is under way. */
    void fail(String name, CollectiveException cause) {
        Pending failed = pending.remove(name);
        if (failed != null) {
            track.failed(failed.kind().name(), 1);
            failed.named().fail(cause);
        }
    }

    void failAll(CollectiveException cause) {
        List.copyOf(pending.keySet()).forEach(name -> fail(name, cause));
    }
}
