package org.jhorovod.allreduce.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/** The layout of shared memory, over seeded random sizes. */
class SharedLayoutTest {

    @RepeatedTest(100)
    void places_areAlignedAndApart_andWithinThePayload(RepetitionInfo repetition) {
        int seed = repetition.getCurrentRepetition();
        Random random = new Random(seed);
        int size = 2 + random.nextInt(63);
        int payloadBytes = 1 << 13 | random.nextInt(Integer.MAX_VALUE);
        SharedLayout layout = SharedLayout.of(payloadBytes, size);

        for (int rank = 0; rank < size; rank++) {
            List<Integer> places = new ArrayList<>();
            for (int shard = 0; shard < size; shard++) {
                if (shard != rank) {
                    places.add(layout.placeOf(shard, rank));
                }
            }
            places.add(layout.placeOfResult());
            for (int i = 0; i < size; i++) {
                assertThat(places.get(i))
                        .as("seed %d, rank %d, place %d", seed, rank, i)
                        .isEqualTo(i * layout.shardBytes());
            }
        }
        assertThat(layout.shardBytes()).as("seed %d", seed).isPositive();
        assertThat(layout.shardBytes() % 64).as("seed %d", seed).isZero();
        assertThat(layout.sliceBytes())
                .as("seed %d", seed)
                .isBetween(payloadBytes - 64L * size, (long) payloadBytes);
    }
}
