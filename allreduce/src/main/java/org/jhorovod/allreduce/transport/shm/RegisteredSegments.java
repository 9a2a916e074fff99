package org.jhorovod.allreduce.transport.shm;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

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

    /** Whether this rank has it still. */
    public boolean contains(int number) {
        return segments.containsKey(number);
    }

    /** The memory of a rank from an offset on: at least one byte, at most as many as asked for. */
    public ByteBuffer view(int number, int position, long byteOffset, long maxByteCount) {
        @Nullable List<SharedSegment> ofRanks = segments.get(number);
        if (ofRanks == null) {
            throw new IllegalStateException("bug: there is no registered memory " + number);
        }
        return ofRanks.get(position).view(byteOffset, maxByteCount);
    }
}
