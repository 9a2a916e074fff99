package org.jhorovod.allreduce.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PartsTest {

    @Test
    void aRemainder_goesToTheFirstRanks() {
        assertThat(Parts.even(11, 4).counts()).containsExactly(3, 3, 3, 2);
        assertThat(Parts.even(2, 4).counts()).containsExactly(1, 1, 0, 0);
    }

    @Test
    void rowsStayWhole() {
        Parts parts = Parts.rows(5, 7, 3);
        assertThat(parts.counts()).containsExactly(14, 14, 7);
        assertThat(parts.offset(2)).isEqualTo(28);
        assertThat(parts.total()).isEqualTo(35);
        assertThat(parts.largest()).isEqualTo(14);
        assertThat(parts.areEqual()).isFalse();
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void evenParts_tileTheElements_andDifferByOneAtMost(long seed) {
        Random random = new Random(seed);
        int size = 1 + random.nextInt(50);
        long count = random.nextInt(10_000);
        Parts parts = Parts.even(count, size);
        long end = 0;
        for (int rank = 0; rank < size; rank++) {
            assertThat(parts.offset(rank)).isEqualTo(end);
            assertThat(parts.count(rank)).isBetween(count / size, count / size + 1);
            end += parts.count(rank);
        }
        assertThat(end).isEqualTo(count).isEqualTo(parts.total());
    }

    @ParameterizedTest
    @CsvSource({"-1,1", "9223372036854775807,1"})
    void nonsense_isRefused(long first, long second) {
        assertThatThrownBy(() -> Parts.of(first, second))
                .isInstanceOfAny(IllegalArgumentException.class, ArithmeticException.class);
    }

    @Test
    void changesOfTheGivenCounts_areNotSeen() {
        long[] counts = {1, 2};
        Parts parts = Parts.of(counts);
        counts[0] = 9;
        parts.counts()[1] = 9;
        assertThat(parts.counts()).containsExactly(1, 2);
    }

    @Test
    void fewCounts_areAllDescribed() {
        assertThat(Parts.of(4, 3, 3).describe()).isEqualTo("[4, 3, 3]");
    }

    @Test
    void manyCounts_areDescribedShortly_otherCountsInAnotherWay() {
        long[] counts = Parts.even(Long.MAX_VALUE, 1000).counts();
        String one = Parts.of(counts).describe();
        counts[500]--;
        counts[501]++;
        assertThat(Parts.of(counts).describe()).isNotEqualTo(one);
        assertThat(one.getBytes(StandardCharsets.UTF_8).length)
                .isLessThanOrEqualTo(Parts.MAX_DESCRIPTION_BYTES);
    }
}
