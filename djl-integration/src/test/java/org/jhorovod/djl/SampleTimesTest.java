package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class SampleTimesTest {
    private static List<Double> numbers(String text) {
        List<Double> numbers = new ArrayList<>();
        for (String number : text.split(" ", -1)) {
            numbers.add(Double.valueOf(number));
        }
        return numbers;
    }

    @ParameterizedTest
    @CsvSource({
        "32, 1 1, 16 16",
        "33, 1 1, 17 16", // what is left goes to the lower rank
        "32, 1 3, 24 8",
        "48, 1 1 3, 21 20 7",
        "16, 1 100, 14 2", // batch norm needs two
        "16, 1 100 100 100, 10 2 2 2",
        "7, 1 1 100 100, 3 2 1 1",
        "4, 1 100 100 100, 1 1 1 1",
        "3, 1 1 1 1, 1 1 1 0", // fewer samples than ranks
        "1, 9 1, 1 0",
        "2, 1 1 5, 1 1 0",
        "0, 1 2, 0 0",
    })
    void shares_areInProportionToSpeed(long total, String times, String shares) {
        String text =
                new SampleTimes(numbers(times))
                        .share(total).counts().stream()
                                .map(String::valueOf)
                                .reduce((a, b) -> a + " " + b)
                                .orElseThrow();

        assertThat(text).isEqualTo(shares);
    }

    @RepeatedTest(200)
    void shares_addUp_leaveNoRankWithout_andAreOffTheQuotaByASampleAtMost(
            RepetitionInfo repetition) {
        int seed = repetition.getCurrentRepetition();
        Random random = new Random(seed);
        int size = 1 + random.nextInt(9);
        long total = random.nextInt(1 << random.nextInt(12));
        List<Double> nanos = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            nanos.add(Math.exp(random.nextGaussian() * random.nextInt(4)));
        }
        SampleTimes times = new SampleTimes(nanos);

        Shares shares = times.share(total);

        assertThat(shares.counts()).as("seed %d", seed).hasSize(size);
        assertThat(shares.counts().stream().mapToLong(count -> count).sum()).isEqualTo(total);
        long least = Math.min(2, total / size);
        assertThat(shares.counts())
                .as("seed %d", seed)
                .allSatisfy(count -> assertThat(count).isGreaterThanOrEqualTo(least));
        double speed = nanos.stream().mapToDouble(time -> 1 / time).sum();
        for (int rank = 0; rank < size; rank++) {
            double quota = total / nanos.get(rank) / speed;
            assertThat((double) shares.of(rank))
                    .as("seed %d, rank %d", seed, rank)
                    .isLessThan(Math.max((double) least, quota) + 1);
            assertThat(shares.before(rank) + shares.of(rank))
                    .isEqualTo(rank + 1 < size ? shares.before(rank + 1) : total);
        }
    }

    @Test
    void gain_isThePartOfAStepThatIsSaved() {
        SampleTimes times = new SampleTimes(List.of(10.0, 30.0));

        assertThat(times.gain(new Shares(List.of(16L, 16L)), new Shares(List.of(24L, 8L))))
                .isEqualTo(0.5);
        assertThat(times.gain(new Shares(List.of(24L, 8L)), new Shares(List.of(24L, 8L)))).isZero();
        assertThat(times.slowest()).isEqualTo(1);
        assertThat(times.fastest()).isZero();
    }

    @Test
    void times_mustBePositive() {
        assertThatThrownBy(() -> new SampleTimes(List.of(1.0, 0.0))).hasMessageContaining("bug");
    }
}
