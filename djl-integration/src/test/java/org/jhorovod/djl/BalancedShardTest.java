package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BalancedShardTest {
    private static final SampleTimes EQUAL = SampleTimes.equal(2);
    private static final SampleTimes ONE_TO_THREE = new SampleTimes(List.of(1.0, 3.0));

    private static List<Long> order(int count) {
        return LongStream.range(0, count).map(i -> (i * 7 + 3) % count).boxed().toList();
    }

    private static SampleTimes random(Random random, int size) {
        List<Double> nanos = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            nanos.add(Math.exp(2 * random.nextGaussian()));
        }
        return new SampleTimes(nanos);
    }

    /** The ranks of one pass, who are asked for batches at their own pace. */
    private static final class Ranks {
        private final List<BalancedShard> shards = new ArrayList<>();
        private final List<Iterator<List<Long>>> batches = new ArrayList<>();
        private final List<List<List<Long>>> taken = new ArrayList<>();

        Ranks(List<Long> order, int batchSize, boolean keepsPartialBatch, SampleTimes times) {
            for (int rank = 0; rank < times.nanos().size(); rank++) {
                BalancedShard shard =
                        new BalancedShard(order, rank, batchSize, keepsPartialBatch, times);
                shards.add(shard);
                batches.add(shard.iterator());
                taken.add(new ArrayList<>());
            }
        }

        void take(int rank, int most) {
            for (int i = 0; i < most && batches.get(rank).hasNext(); i++) {
                taken.get(rank).add(batches.get(rank).next());
            }
        }

        @SuppressWarnings("ReturnValueIgnored") // it is known once it has been asked for
        void askAhead(int rank) {
            batches.get(rank).hasNext();
        }

        void change(SampleTimes times) {
            int from = shards.stream().mapToInt(BalancedShard::asked).max().orElseThrow();
            shards.forEach(shard -> shard.change(from, times));
        }

        /** What all ranks have of a batch, in rank order. */
        List<Long> global(int batch) {
            List<Long> all = new ArrayList<>();
            taken.stream()
                    .filter(ofRank -> batch < ofRank.size())
                    .forEach(ofRank -> all.addAll(ofRank.get(batch)));
            return all;
        }
    }

    @RepeatedTest(300)
    void batches_ofAllRanksTogether_areThePassesOrder_whateverSharesChangeWhen(
            RepetitionInfo repetition) {
        int seed = repetition.getCurrentRepetition();
        Random random = new Random(seed);
        int size = 1 + random.nextInt(5);
        int batchSize = 1 + random.nextInt(9);
        List<Long> order = order(1 + random.nextInt(600));
        boolean keepsPartialBatch = random.nextBoolean();
        int globalBatch = size * batchSize;
        Ranks ranks = new Ranks(order, batchSize, keepsPartialBatch, random(random, size));

        for (int round = 0; round < 20; round++) {
            for (int rank = 0; rank < size; rank++) {
                ranks.take(rank, random.nextInt(5));
                if (random.nextBoolean()) {
                    ranks.askAhead(rank);
                }
            }
            ranks.change(random(random, size));
        }
        for (int rank = 0; rank < size; rank++) {
            ranks.take(rank, Integer.MAX_VALUE);
        }

        int full = order.size() / globalBatch;
        for (int batch = 0; batch < full; batch++) {
            assertThat(ranks.global(batch))
                    .as("seed %d, batch %d", seed, batch)
                    .isEqualTo(order.subList(batch * globalBatch, (batch + 1) * globalBatch));
        }
        assertThat(ranks.global(full))
                .as("seed %d, what is left", seed)
                .isEqualTo(
                        keepsPartialBatch
                                ? order.subList(full * globalBatch, order.size())
                                : List.of());
        for (int rank = 0; rank < size; rank++) {
            List<List<Long>> taken = ranks.taken.get(rank);
            BalancedShard shard = ranks.shards.get(rank);
            assertThat(taken).as("seed %d", seed).hasSize(shard.batchCount());
            assertThat(taken).allSatisfy(batch -> assertThat(batch).isNotEmpty());
            Shard.Reached reached = shard.reached(taken.size(), 0);
            assertThat(reached.done()).as("seed %d", seed).isEqualTo(reached.total());
        }
    }

    @RepeatedTest(100)
    void batchCounts_differ_onlyIfFewerSamplesAreLeftThanRanks(RepetitionInfo repetition) {
        int seed = repetition.getCurrentRepetition();
        Random random = new Random(seed);
        int size = 2 + random.nextInt(4);
        int batchSize = 1 + random.nextInt(9);
        List<Long> order = order(1 + random.nextInt(100));
        int left = order.size() % (size * batchSize);
        Ranks ranks = new Ranks(order, batchSize, true, random(random, size));

        List<Integer> counts = ranks.shards.stream().map(BalancedShard::batchCount).toList();

        assertThat(counts.stream().distinct().count() > 1)
                .as("seed %d", seed)
                .isEqualTo(left > 0 && left < size);
        assertThat(counts.get(0))
                .as("rank 0 has most, seed %d", seed)
                .isEqualTo(Collections.max(counts));
    }

    @Test
    void shares_changeFromABatchOnThatNoRankHasBeenAskedFor() {
        Ranks ranks = new Ranks(order(64), 8, true, EQUAL);
        ranks.take(0, 1);
        ranks.take(1, 2);

        ranks.change(ONE_TO_THREE);
        ranks.take(0, 9);
        ranks.take(1, 9);

        assertThat(ranks.taken.get(0).stream().map(List::size)).containsExactly(8, 8, 12, 12);
        assertThat(ranks.taken.get(1).stream().map(List::size)).containsExactly(8, 8, 4, 4);
    }

    @Test
    void aBatch_thatIsSaidToBeThere_keepsItsSamples() {
        Ranks ranks = new Ranks(order(64), 8, true, EQUAL);
        assertThat(ranks.batches.get(0).hasNext()).isTrue();

        ranks.change(ONE_TO_THREE);

        assertThat(ranks.batches.get(0).next()).hasSize(8);
        assertThat(ranks.batches.get(0).next()).hasSize(12);
    }

    @Test
    void aBatch_thatHasBeenAskedForMeanwhile_isNotSharedOutAnew() {
        BalancedShard shard = new BalancedShard(order(64), 1, 8, true, EQUAL);
        Iterator<List<Long>> batches = shard.iterator();
        batches.next();
        batches.next();

        assertThatThrownBy(() -> shard.change(1, ONE_TO_THREE))
                .hasMessageContaining("Rank 1")
                .hasMessageContaining("JHOROVOD_BALANCE=false");
    }

    @Test
    void batches_end() {
        Iterator<List<Long>> batches = new BalancedShard(order(3), 0, 8, true, EQUAL).iterator();
        assertThat(batches.next()).hasSize(2);
        assertThatThrownBy(batches::next).isInstanceOf(NoSuchElementException.class);
    }
}
