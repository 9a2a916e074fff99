package org.jhorovod.allreduce.transport.shm;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The registered memory of all ranks of a group, as one of them sees it. */
public final class RegisteredSegments {
    private final Map<Integer, List<SharedSegment>> segments = new ConcurrentHashMap<>();
    private int lastNumber;

    /**
     * Adds one segment of each rank, by position.
     *
     * @return the number, the same on all ranks that add in the same order
     */
    public int add(List<SharedSegment> ofRanks) {
        lastNumber++;
        segments.put(lastNumber, List.copyOf(ofRanks));
        return lastNumber;
    }

    /** Forgets this rank's view of all of them. */
    public void remove(int number) {
        segments.remove(number);
    }

    /** The segments of all ranks, by position; empty if this rank has forgotten them. */
    public List<SharedSegment> find(int number) {
        return segments.getOrDefault(number, List.of());
    }
}
