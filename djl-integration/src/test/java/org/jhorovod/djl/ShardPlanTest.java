package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class ShardPlanTest {

    private static List<Long> order(int count) {
        return LongStream.range(0, count)
                .map(i -> (i * 7 + 3) % Math.max(1, count))
                .boxed()
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"0, 3, 4", "1, 3, 4", "7, 2, 4", "8, 2, 4", "9, 2, 4", "1003, 4, 10", "5, 7, 1"})
    void shards_coverTheOrderOnce_andDifferByASampleAtMost(int count, int size, int batchSize) {
        List<Long> all = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            ShardPlan plan = ShardPlan.of(order(count), rank, size, batchSize, true);
            assertThat(plan.samples().size()).isBetween(count / size, (count + size - 1) / size);
            assertThat(plan.batches()).hasSize(plan.batchCount());
            assertThat(plan.batches()).allSatisfy(b -> assertThat(b).hasSizeBetween(1, batchSize));
            assertThat(plan.batches().stream().flatMap(List::stream)).isEqualTo(plan.samples());
            all.addAll(plan.samples());
        }
        assertThat(all).containsExactlyInAnyOrderElementsOf(order(count));
    }

    @Test
    void batches_ofAllRanksTogether_areTheGlobalBatchesInOrder() {
        List<Long> order = order(24);
        for (int step = 0; step < 3; step++) {
            List<Long> global = new ArrayList<>();
            for (int rank = 0; rank < 2; rank++) {
                global.addAll(ShardPlan.of(order, rank, 2, 4, true).batches().get(step));
            }
            assertThat(global)
                    .containsExactlyInAnyOrderElementsOf(order.subList(8 * step, 8 * step + 8));
        }
    }

    @Test
    void partialBatches_areDroppedOnRequest() {
        ShardPlan plan = ShardPlan.of(order(19), 0, 2, 4, false);

        assertThat(plan.batchCount()).isEqualTo(2);
        assertThat(plan.samples()).hasSize(8);
    }

    @Test
    void batchSize_mustBePositive() {
        assertThatThrownBy(() -> ShardPlan.of(order(4), 0, 2, 0, true))
                .hasMessageContaining("batch size is 0");
    }

    @Test
    void fingerprint_tellsOrdersApart() {
        assertThat(ShardPlan.fingerprint(List.of(1L, 2L)))
                .isEqualTo(ShardPlan.fingerprint(List.of(1L, 2L)))
                .isNotEqualTo(ShardPlan.fingerprint(List.of(2L, 1L)));
    }
}
