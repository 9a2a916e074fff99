package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
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

    @RepeatedTest(50)
    void batches_tileTheShard_howeverLargeABatchIs(RepetitionInfo repetition) {
        int seed = repetition.getCurrentRepetition();
        Random random = new Random(seed);
        int size = 1 + random.nextInt(8);
        int batchSize = random.nextBoolean() ? Integer.MAX_VALUE >>> random.nextInt(31) : 7;
        List<Long> order = order(random.nextInt(200));

        for (int rank = 0; rank < size; rank++) {
            for (boolean keepsPartialBatch : new boolean[] {true, false}) {
                ShardPlan plan = ShardPlan.of(order, rank, size, batchSize, keepsPartialBatch);
                assertThat(plan.batches()).as("seed %d", seed).hasSize(plan.batchCount());
                assertThat(plan.batches().stream().flatMap(List::stream))
                        .as("seed %d", seed)
                        .isEqualTo(plan.samples());
            }
        }
    }

    @Test
    void fingerprint_isThatOfAllNumbersInOrder() throws NoSuchAlgorithmException {
        ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES).putLong(3).putLong(-1);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.array());

        assertThat(ShardPlan.fingerprint(List.of(3L, -1L)))
                .isEqualTo(ByteBuffer.wrap(digest).getLong());
    }
}
