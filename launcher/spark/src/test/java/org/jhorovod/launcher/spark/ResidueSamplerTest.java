package org.jhorovod.launcher.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import ai.djl.util.RandomUtils;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class ResidueSamplerTest {

    @ParameterizedTest
    @CsvSource({"1,1,1", "10,1,3", "10,2,3", "11,2,4", "12,3,5", "13,3,1", "14,3,100"})
    void eachPosition_hasARowOfItsRank_andEachRowComesOnce(int total, int size, int batchSize) {
        List<Long> order = order(total, size, batchSize, 1);
        assertThat(order)
                .containsExactlyInAnyOrderElementsOf(LongStream.range(0, total).boxed().toList());
        for (int position = 0; position < total; position++) {
            assertThat(order.get(position) % size)
                    .as("position %d", position)
                    .isEqualTo(position % size);
        }
    }

    @Test
    void order_followsTheSeedOfDjlsGenerator() {
        assertThat(order(100, 2, 8, 5)).isEqualTo(order(100, 2, 8, 5));
        assertThat(order(100, 2, 8, 5)).isNotEqualTo(order(100, 2, 8, 6));
    }

    @Test
    void rowOfAnotherRank_isRefusedByName() {
        Share share = share(11, 2);
        assertThat(share.sample(9).features()).containsExactly(9);
        assertThatThrownBy(() -> share.sample(4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "Row 4 is not on rank 1",
                        "every 2-th of the 11 rows from row 1 on",
                        "trainer.iterateDataset");
    }

    /** The rows of rank 1, each with its number as its feature. */
    private static Share share(int total, int size) {
        List<Sample> samples = new ArrayList<>();
        for (long row = 1; row < total; row += size) {
            samples.add(new Sample(new float[] {row}, new float[] {0}));
        }
        return new Share(1, size, total, samples);
    }

    private static List<Long> order(int total, int size, int batchSize, int seed) {
        RandomUtils.RANDOM.setSeed(seed);
        ShareDataset dataset = ShareDataset.of(share(total, size), new Shape(1), batchSize);
        Iterator<List<Long>> batches = new ResidueSampler(size, batchSize).sample(dataset);
        List<Long> order = new ArrayList<>();
        while (batches.hasNext()) {
            List<Long> batch = batches.next();
            assertThat(batch.size()).isBetween(1, batchSize);
            order.addAll(batch);
        }
        return order;
    }
}
