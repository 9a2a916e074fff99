package org.jhorovod.allreduce.transport.shm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.spi.Operation;

/*
 * Every rank has a segment of its own, in which it alone writes and which all others read:
 *
 *   rounds    how many rounds this rank has published, in a cache line of its own
 *   slot 0    what it has to say in rounds of even number
 *   slot 1    and in those of odd number
 *
 * A round: write into the own slot, publish, wait until all have, read the slots of the others.
 *
 * Note [Why two slots are enough]
 * Whoever writes for round k has waited for all ranks to publish round k-1, and nobody publishes
 * round k-1 before it has read all of round k-2, which used the same slot.
 */
/**
 * Ranks of one host that read each other's memory in rounds. Used by one thread at a time, which
 * all ranks call in the same order.
 */
public final class SharedGroup {
    private static final VarHandle LONG =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final int SLOTS = 2;
    private static final int LINE_BYTES = 128;

    private final int position;
    private final int slotBytes;
    // By position.
    private final List<ByteBuffer> rounds = new ArrayList<>();
    private final List<List<ByteBuffer>> slots = new ArrayList<>();
    private long round;

    /**
     * Over the segments of all ranks, in the order that all share.
     *
     * @param position of this rank among them
     */
    SharedGroup(int position, List<SharedSegment> segments, int slotBytes) {
        this.position = position;
        this.slotBytes = slotBytes;
        for (SharedSegment segment : segments) {
            ByteBuffer memory = segment.memory().get(0);
            rounds.add(view(memory, 0, LINE_BYTES));
            List<ByteBuffer> ofRank = new ArrayList<>();
            for (int slot = 0; slot < SLOTS; slot++) {
                ofRank.add(view(memory, LINE_BYTES + slot * slotBytes, slotBytes));
            }
            slots.add(ofRank);
        }
    }

    private static ByteBuffer view(ByteBuffer memory, int offset, int bytes) {
        return memory.slice(offset, bytes).order(ByteOrder.nativeOrder());
    }

    /** How long a segment is for slots of that size. */
    static long segmentBytes(int slotBytes) {
        return LINE_BYTES + (long) SLOTS * slotBytes;
    }

    /** How many ranks share memory. */
    public int size() {
        return slots.size();
    }

    /** Which of them this rank is. */
    public int position() {
        return position;
    }

    /** The bytes of a slot. */
    public int slotBytes() {
        return slotBytes;
    }

    /** The number of the round that was published last, from 1; 0 before the first. */
    public long round() {
        return round;
    }

    /**
     * The slot of a rank in a round: the next one may be written by its owner, the last one read by
     * all, and both it and the one before by its owner. Position and limit are not to be moved.
     */
    public ByteBuffer slot(int ofPosition, long ofRound) {
        return slots.get(ofPosition).get((int) (ofRound & 1));
    }

    /** Lets the others see what this rank has written for the next round, and waits for theirs. */
    public void exchange(Operation operation) {
        round++;
        LONG.setRelease(rounds.get(position), 0, round);
        for (int other = 0; other < rounds.size(); other++) {
            if (other != position) {
                await(operation, rounds.get(other));
            }
        }
        operation.progressed();
    }

    private void await(Operation operation, ByteBuffer theirs) {
        if (isBehind(theirs)) {
            Patience.await(operation, () -> !isBehind(theirs));
        }
    }

    private boolean isBehind(ByteBuffer theirs) {
        return (long) LONG.getAcquire(theirs, 0) < round;
    }
}
