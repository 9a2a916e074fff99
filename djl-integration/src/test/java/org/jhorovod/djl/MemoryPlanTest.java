package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.djl.BucketPlan.Bucket;
import org.jhorovod.djl.BucketPlan.Entry;
import org.jhorovod.djl.BucketPlan.Slot;
import org.jhorovod.djl.MemoryPlan.Memory;
import org.jhorovod.djl.MemoryPlan.Range;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MemoryPlanTest {

    private static Entry entry(DataType type, long count) {
        return new Entry("p", type, count);
    }

    private static List<Entry> randomEntries(Random random) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 1 + random.nextInt(40); i > 0; i--) {
            DataType type = random.nextBoolean() ? DataType.FLOAT32 : DataType.FLOAT16;
            entries.add(entry(type, 1 + random.nextInt(200)));
        }
        return entries;
    }

    @Test
    void memories_holdOneTypeEach_withEveryEntryOnALineOfItsOwn() {
        List<Entry> entries =
                List.of(
                        entry(DataType.FLOAT32, 1),
                        entry(DataType.FLOAT64, 9),
                        entry(DataType.FLOAT32, 16),
                        entry(DataType.FLOAT32, 3));

        assertThat(MemoryPlan.of(entries, 1024).memories())
                .containsExactlyInAnyOrder(
                        new Memory(
                                DataType.FLOAT32,
                                List.of(
                                        new Slot(0, 0, 4),
                                        new Slot(2, 64, 64),
                                        new Slot(3, 128, 12)),
                                192),
                        new Memory(DataType.FLOAT64, List.of(new Slot(1, 0, 72)), 128));
    }

    @Test
    void memory_endsBeforeTheEntryThatItCannotHold() {
        List<Entry> entries =
                List.of(
                        entry(DataType.FLOAT32, 20),
                        entry(DataType.FLOAT32, 32),
                        entry(DataType.FLOAT32, 100),
                        entry(DataType.FLOAT32, 1));

        assertThat(MemoryPlan.of(entries, 256).memories())
                .extracting(Memory::byteCount)
                .containsExactly(256, 448, 64);
    }

    @Test
    void largestEntry_stillFits() {
        long most = MemoryPlan.MOST_BYTES / 4;
        Entry largest = entry(DataType.FLOAT32, most);

        assertThat(MemoryPlan.canHold(largest)).isTrue();
        assertThat(MemoryPlan.canHold(entry(DataType.FLOAT32, most + 1))).isFalse();
        assertThat(
                        MemoryPlan.of(
                                        List.of(entry(DataType.FLOAT32, 1), largest),
                                        MemoryPlan.MOST_BYTES)
                                .memories())
                .extracting(Memory::byteCount)
                .containsExactly(64, MemoryPlan.MOST_BYTES);
    }

    @Test
    void cut_hasASmallFirstBucketOfEachType_alsoWhereThereAreSeveralMemories() {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            entries.add(entry(DataType.FLOAT32, 10));
        }

        assertThat(MemoryPlan.of(entries, 6 * 64).cut(64, 2 * 64))
                .extracting(range -> range.bucket().slots().size())
                .containsExactly(1, 2, 2, 1, 2);
    }

    @Test
    void buckets_comeInTheOrderOfTheirLastEntries() {
        List<Entry> entries =
                List.of(
                        entry(DataType.FLOAT32, 1),
                        entry(DataType.FLOAT64, 1),
                        entry(DataType.FLOAT32, 1),
                        entry(DataType.FLOAT64, 1));

        assertThat(MemoryPlan.of(entries, 1024).cut(64, 1024))
                .extracting(range -> range.bucket().slots().get(0).entry())
                .containsExactly(0, 1, 2, 3);
        assertThat(MemoryPlan.of(entries, 1024).cut(1024, 1024))
                .extracting(range -> range.bucket().slots().get(0).entry())
                .containsExactly(0, 1);
    }

    @RepeatedTest(50)
    void buckets_tileTheMemories_andLeaveEntriesWhereTheyAre(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        List<Entry> entries = randomEntries(random);
        MemoryPlan plan = MemoryPlan.of(entries, 64 * (1 + random.nextInt(40)));
        long limit = random.nextInt(3000);

        int[] ends = new int[plan.memories().size()];
        List<Integer> placed = new ArrayList<>();
        for (Range range : plan.cut(limit, limit)) {
            Memory memory = plan.memories().get(range.memory());
            Bucket bucket = range.bucket();
            int start = memory.slots().get(range.firstSlot()).byteOffset();
            assertThat(start).isEqualTo(ends[range.memory()]).isEqualTo(start / 64 * 64);
            for (int i = 0; i < bucket.slots().size(); i++) {
                Slot slot = bucket.slots().get(i);
                assertThat(memory.slots().get(range.firstSlot() + i))
                        .isEqualTo(
                                new Slot(
                                        slot.entry(), start + slot.byteOffset(), slot.byteCount()));
                assertThat(entries.get(slot.entry()).type()).isEqualTo(bucket.type());
                placed.add(slot.entry());
            }
            int byteCount = bucket.elementCount() * bucket.type().byteCount();
            assertThat(bucket.slots().size() == 1 || byteCount <= limit).isTrue();
            ends[range.memory()] = start + byteCount;
        }
        assertThat(ends).isEqualTo(plan.memories().stream().mapToInt(Memory::byteCount).toArray());
        assertThat(placed).doesNotHaveDuplicates().hasSize(entries.size());
    }
}
