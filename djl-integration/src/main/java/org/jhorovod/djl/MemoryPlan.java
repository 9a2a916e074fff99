package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.collective.DataType;

/**
 * Where gradients lie that are born in their buckets: a pure function of the entries' types and
 * counts in their order, so that equal models get equal plans on all ranks.
 *
 * <p>A memory holds entries of one type, one after another, each on a new line: a bucket may begin
 * with any of them. So the memory is the same, however large the buckets are that it is cut into.
 * What is between an entry's end and the next line travels with the entry, as zeros.
 */
record MemoryPlan(List<Memory> memories) {
    /** The most that one memory holds: a buffer and an array can have as many. */
    static final int MOST_BYTES = Integer.MAX_VALUE / (128 << 10) * (128 << 10);

    private static final int LINE_BYTES = 64;

    /**
     * Entries of one type that lie together.
     *
     * @param slots in the order of their entries
     * @param byteCount of whole lines
     */
    record Memory(DataType type, List<BucketPlan.Slot> slots, int byteCount) {
        Memory {
            slots = List.copyOf(slots);
        }

        private int lineEnd(int slot) {
            return slot + 1 < slots.size() ? slots.get(slot + 1).byteOffset() : byteCount;
        }

        private BucketPlan.Bucket bucket(int from, int to) {
            int start = slots.get(from).byteOffset();
            List<BucketPlan.Slot> members =
                    slots.subList(from, to).stream()
                            .map(
                                    slot ->
                                            new BucketPlan.Slot(
                                                    slot.entry(),
                                                    slot.byteOffset() - start,
                                                    slot.byteCount()))
                            .toList();
            int elementCount = (lineEnd(to - 1) - start) / type.byteCount();
            return new BucketPlan.Bucket(type, members, elementCount);
        }
    }

    /**
     * A part of a memory that is reduced by itself.
     *
     * @param memory index
     * @param firstSlot of the memory's slots, the first of the bucket's
     * @param bucket without a weight in front
     */
    record Range(int memory, int firstSlot, BucketPlan.Bucket bucket) {
        private int lastEntry() {
            return bucket.slots().get(bucket.slots().size() - 1).entry();
        }
    }

    MemoryPlan {
        memories = List.copyOf(memories);
    }

    /** Whether an entry can be a part of a memory. */
    static boolean canHold(BucketPlan.Entry entry) {
        return entry.elementCount() <= MOST_BYTES / entry.type().byteCount();
    }

    /**
     * Plans the memories.
     *
     * @param entries that each {@linkplain #canHold can be held}
     * @param mostBytes of a memory of several entries, at most {@link #MOST_BYTES}
     */
    static MemoryPlan of(List<BucketPlan.Entry> entries, int mostBytes) {
        List<Memory> done = new ArrayList<>();
        Map<DataType, Filling> open = new EnumMap<>(DataType.class);
        for (int i = 0; i < entries.size(); i++) {
            DataType type = entries.get(i).type();
            int byteCount = Math.toIntExact(entries.get(i).elementCount() * type.byteCount());
            Filling filling = open.computeIfAbsent(type, Filling::new);
            if (!filling.hasRoom(byteCount, mostBytes)) {
                done.add(filling.close());
                filling = new Filling(type);
                open.put(type, filling);
            }
            filling.add(i, byteCount);
        }
        open.values().forEach(filling -> done.add(filling.close()));
        return new MemoryPlan(done);
    }

    /**
     * Cuts all memories into buckets, in the order in which their last entries come.
     *
     * @param firstLimitBytes how large the first bucket of a type may be, with several entries
     * @param limitBytes how large the others may be
     */
    List<Range> cut(long firstLimitBytes, long limitBytes) {
        List<Range> ranges = new ArrayList<>();
        Map<DataType, Long> limits = new EnumMap<>(DataType.class);
        for (int i = 0; i < memories.size(); i++) {
            Memory memory = memories.get(i);
            int from = 0;
            for (int to = 1; to <= memory.slots().size(); to++) {
                long limit = limits.getOrDefault(memory.type(), firstLimitBytes);
                if (to == memory.slots().size()
                        || memory.lineEnd(to) - memory.slots().get(from).byteOffset() > limit) {
                    ranges.add(new Range(i, from, memory.bucket(from, to)));
                    limits.put(memory.type(), limitBytes);
                    from = to;
                }
            }
        }
        ranges.sort(Comparator.comparingInt(Range::lastEntry));
        return ranges;
    }

    private static final class Filling {
        private final DataType type;
        private final List<BucketPlan.Slot> slots = new ArrayList<>();
        private int endBytes;

        Filling(DataType type) {
            this.type = type;
        }

        boolean hasRoom(int byteCount, int mostBytes) {
            return slots.isEmpty() || byteCount <= mostBytes - endBytes;
        }

        void add(int entry, int byteCount) {
            slots.add(new BucketPlan.Slot(entry, endBytes, byteCount));
            endBytes += (byteCount + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
        }

        Memory close() {
            return new Memory(type, slots, endBytes);
        }
    }
}
