package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.djl.BucketPlan.Bucket;
import org.jhorovod.djl.BucketPlan.Entry;
import org.jhorovod.djl.BucketPlan.Slot;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BucketPlanTest {

    private static Entry entry(DataType type, long count) {
        return new Entry("p", type, count);
    }

    @Test
    void plan_closesABucket_beforeTheEntryThatWouldExceedTheLimit() {
        List<Entry> entries =
                List.of(
                        entry(DataType.FLOAT32, 10),
                        entry(DataType.FLOAT32, 12),
                        entry(DataType.FLOAT32, 1));

        // the weight and 22 elements are 92 bytes, with the third entry 96
        assertThat(BucketPlan.of(entries, 96, 96).buckets()).hasSize(1);
        assertThat(BucketPlan.of(entries, 95, 95).buckets())
                .containsExactly(
                        new Bucket(
                                DataType.FLOAT32,
                                List.of(new Slot(0, 4, 40), new Slot(1, 44, 48)),
                                23),
                        new Bucket(DataType.FLOAT32, List.of(new Slot(2, 4, 4)), 2));
    }

    @Test
    void plan_hasASmallFirstBucket() {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            entries.add(entry(DataType.FLOAT32, 10));
        }

        assertThat(BucketPlan.of(entries, 50, 130).buckets().stream().map(b -> b.slots().size()))
                .containsExactly(1, 3, 3, 1);
    }

    @Test
    void plan_keepsTypesApart() {
        List<Entry> entries =
                List.of(
                        entry(DataType.FLOAT32, 1),
                        entry(DataType.FLOAT64, 2),
                        entry(DataType.FLOAT32, 3));

        assertThat(BucketPlan.of(entries, 1000, 1000).buckets())
                .containsExactly(
                        new Bucket(
                                DataType.FLOAT32,
                                List.of(new Slot(0, 4, 4), new Slot(2, 8, 12)),
                                5),
                        new Bucket(DataType.FLOAT64, List.of(new Slot(1, 8, 16)), 3));
    }

    @Test
    void plan_refusesAParameterThatOneBufferCannotHold() {
        assertThatThrownBy(
                        () -> BucketPlan.of(List.of(entry(DataType.FLOAT32, 1L << 30)), 100, 100))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'p'")
                .hasMessageContaining("2 GiB");
    }

    @RepeatedTest(50)
    void slots_tileEachBucket_andHoldEachEntryOnce(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        List<Entry> entries = new ArrayList<>();
        for (int i = random.nextInt(40); i > 0; i--) {
            DataType type = random.nextBoolean() ? DataType.FLOAT32 : DataType.FLOAT64;
            entries.add(entry(type, random.nextInt(200)));
        }
        long limit = random.nextInt(1000);

        List<Integer> placed = new ArrayList<>();
        for (Bucket bucket : BucketPlan.of(entries, limit, limit).buckets()) {
            int end = bucket.type().byteCount();
            for (Slot slot : bucket.slots()) {
                Entry entry = entries.get(slot.entry());
                assertThat(entry.type()).isEqualTo(bucket.type());
                assertThat(slot.byteOffset()).isEqualTo(end);
                assertThat((long) slot.byteCount())
                        .isEqualTo(entry.elementCount() * entry.type().byteCount());
                end += slot.byteCount();
                placed.add(slot.entry());
            }
            assertThat(bucket.elementCount() * bucket.type().byteCount()).isEqualTo(end);
            assertThat(bucket.slots().size() == 1 || end <= limit).isTrue();
        }
        assertThat(placed).doesNotHaveDuplicates().hasSize(entries.size());
    }

    @RepeatedTest(50)
    void offsets_stayInRange_nearTheLargestBuffer(RepetitionInfo repetition) {
        int seed = repetition.getCurrentRepetition();
        Random random = new Random(seed);
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            DataType type = DataType.values()[random.nextInt(DataType.values().length)];
            int most = (Integer.MAX_VALUE - 16) / type.byteCount();
            entries.add(entry(type, random.nextInt(4) == 0 ? most : most >> random.nextInt(31)));
        }

        for (Bucket bucket : BucketPlan.of(entries, Long.MAX_VALUE, Long.MAX_VALUE).buckets()) {
            int end = bucket.type().byteCount();
            for (Slot slot : bucket.slots()) {
                assertThat(slot.byteOffset()).as("seed %d", seed).isEqualTo(end);
                end = Math.addExact(end, slot.byteCount());
            }
            assertThat(end).as("seed %d", seed).isLessThanOrEqualTo(Integer.MAX_VALUE - 8);
            assertThat(Math.multiplyExact(bucket.elementCount(), bucket.type().byteCount()))
                    .as("seed %d", seed)
                    .isEqualTo(end);
        }
    }
}
