package org.jhorovod.allreduce.fusion;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts tensors that are ready together into batches that run as one. A batch holds tensors of one
 * kind, in the order in which they came.
 *
 * @param mostBytes of a batch of several; a larger tensor runs by itself
 */
public record FusionPlanner(long mostBytes) {

    /**
     * A tensor that may run with others.
     *
     * @param tensor which
     * @param kind what all of a batch have in common; those with none run by themselves
     * @param byteCount its bytes
     */
    public record Candidate<T>(T tensor, Object kind, long byteCount) {
        /** The kind of what runs by itself. */
        public static final Object ALONE = new Object();
    }

    /** Batches of all that is ready, in the order of the first of each. */
    public <T> List<List<T>> plan(List<Candidate<T>> ready) {
        List<List<T>> batches = new ArrayList<>();
        Map<Object, Open<T>> open = new LinkedHashMap<>();
        for (Candidate<T> candidate : ready) {
            boolean isAlone = candidate.kind() == Candidate.ALONE;
            Open<T> batch = isAlone ? null : open.get(candidate.kind());
            if (batch == null || batch.byteCount + candidate.byteCount() > mostBytes) {
                batch = new Open<>();
                batches.add(batch.members);
                if (!isAlone) {
                    open.put(candidate.kind(), batch);
                }
            }
            batch.members.add(candidate.tensor());
            batch.byteCount += candidate.byteCount();
        }
        return batches;
    }

    private static final class Open<T> {
        private final List<T> members = new ArrayList<>();
        private long byteCount;
    }
}
