package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.collective.DataType;

/**
 * Which elements travel together: a pure function of the entries' types and counts in their order,
 * so that equal models get equal plans on all ranks.
 *
 * <p>A bucket holds entries of one type. Its first element is for the weight of the rank, where
 * that travels with them; the entries follow one after another. A bucket is closed before the entry
 * that would make it larger than the limit; an entry that is larger than the limit has a bucket of
 * its own. The first bucket of a type is smaller, so that its reduction begins soon.
 */
record BucketPlan(List<Bucket> buckets) {

    /**
     * Something that is reduced.
     *
     * @param name known to all ranks
     * @param type of its elements
     * @param elementCount how many it has
     */
    record Entry(String name, DataType type, long elementCount) {}

    /**
     * An entry's place in its bucket.
     *
     * @param entry index in the list that the plan was made from
     * @param byteOffset of its first element from the bucket's start
     * @param byteCount of its elements
     */
    record Slot(int entry, int byteOffset, int byteCount) {}

    /**
     * Entries of one type that are reduced together.
     *
     * @param elementCount with the weight in front
     */
    record Bucket(DataType type, List<Slot> slots, int elementCount) {
        Bucket {
            slots = List.copyOf(slots);
        }
    }

    BucketPlan {
        buckets = List.copyOf(buckets);
    }

    /**
     * Plans the buckets.
     *
     * @param firstLimitBytes how large the first bucket of a type may grow, with several entries
     * @param limitBytes how large the others may
     * @throws IllegalArgumentException if an entry does not fit into one direct buffer
     */
    static BucketPlan of(List<Entry> entries, long firstLimitBytes, long limitBytes) {
        List<Bucket> done = new ArrayList<>();
        Map<DataType, Filling> open = new EnumMap<>(DataType.class);
        Map<DataType, Long> limits = new EnumMap<>(DataType.class);
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            long byteCount = Math.multiplyExact(entry.elementCount(), entry.type().byteCount());
            if (byteCount > Integer.MAX_VALUE - 16) {
                throw new IllegalArgumentException(
                        "Parameter '%s' has %d bytes; one parameter may have at most 2 GiB. Split the layer."
                                .formatted(entry.name(), byteCount));
            }
            Filling filling = open.get(entry.type());
            long limit = limits.getOrDefault(entry.type(), firstLimitBytes);
            if (filling != null && !filling.hasRoom(byteCount, limit)) {
                done.add(filling.close());
                limits.put(entry.type(), limitBytes);
                filling = null;
            }
            if (filling == null) {
                filling = new Filling(entry.type());
                open.put(entry.type(), filling);
            }
            filling.add(i, (int) byteCount);
        }
        open.values().forEach(filling -> done.add(filling.close()));
        return new BucketPlan(done);
    }

    private static final class Filling {
        private final DataType type;
        private final List<Slot> slots = new ArrayList<>();
        private int endBytes;

        Filling(DataType type) {
            this.type = type;
            this.endBytes = type.byteCount(); // the weight
        }

        boolean hasRoom(long byteCount, long limitBytes) {
            return endBytes + byteCount <= Math.min(limitBytes, Integer.MAX_VALUE - 8);
        }

        void add(int entry, int byteCount) {
            slots.add(new Slot(entry, endBytes, byteCount));
            endBytes += byteCount;
        }

        Bucket close() {
            return new Bucket(type, slots, endBytes / type.byteCount());
        }
    }
}
