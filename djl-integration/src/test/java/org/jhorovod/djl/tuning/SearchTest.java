package org.jhorovod.djl.tuning;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jhorovod.allreduce.config.Settings.ReduceChoice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SearchTest {
    private static final Setup DEFAULT = new Setup(8, ReduceChoice.AUTO);
    private static final List<ReduceChoice> TIMES =
            List.of(ReduceChoice.STEP, ReduceChoice.BACKWARD, ReduceChoice.ENGINE);

    private static List<Setup> run(Search search, ToDoubleFunction<Setup> millis) {
        List<Setup> tried = new ArrayList<>();
        while (!search.isOver()) {
            tried.add(search.current());
            search.measured(millis.applyAsDouble(search.current()));
        }
        return tried;
    }

    @ParameterizedTest
    @CsvSource({"64, BACKWARD", "1, STEP", "0, ENGINE", "16, AUTO", "8, AUTO", "8, BACKWARD"})
    void search_findsTheFastest_wherever_itLies(int bucketMib, ReduceChoice reduce) {
        Search search = new Search(DEFAULT, true, TIMES);
        List<Setup> tried =
                run(
                        search,
                        setup ->
                                100
                                        + 10 * Math.abs(log(setup.bucketMib()) - log(bucketMib))
                                        + (setup.reduce() == reduce ? 0 : 20));

        assertThat(search.current()).isEqualTo(new Setup(bucketMib, reduce));
        assertThat(tried).hasSizeLessThan(20);
        assertThat(tried.get(0)).isEqualTo(DEFAULT);
    }

    private static double log(int mib) {
        return mib == 0 ? -1 : Math.log(mib) / Math.log(2);
    }

    @Test
    void whatWasOnlyLucky_losesTheDuel_andTheDefaultStays() {
        Search search = new Search(DEFAULT, true, TIMES);
        Map<Setup, Integer> times = new java.util.HashMap<>();
        List<Setup> tried =
                run(
                        search,
                        setup -> {
                            boolean isFirst = times.merge(setup, 1, Integer::sum) == 1;
                            return isFirst && setup.bucketMib() == 16 ? 50 : 100;
                        });

        assertThat(search.current()).isEqualTo(DEFAULT);
        assertThat(tried.subList(tried.size() - 6, tried.size()))
                .containsExactly(
                        DEFAULT,
                        DEFAULT.withBucketMib(16),
                        DEFAULT,
                        DEFAULT.withBucketMib(16),
                        DEFAULT,
                        DEFAULT.withBucketMib(16));
    }

    @Test
    void whatIsSetByHand_isNotTouched() {
        Search bucketsOnly = new Search(DEFAULT, true, List.of());
        assertThat(run(bucketsOnly, setup -> 100 - setup.bucketMib()))
                .extracting(Setup::reduce)
                .containsOnly(ReduceChoice.AUTO);
        assertThat(bucketsOnly.current().bucketMib()).isEqualTo(64);

        Search timesOnly = new Search(DEFAULT, false, TIMES);
        assertThat(run(timesOnly, setup -> setup.reduce().ordinal()))
                .extracting(Setup::bucketMib)
                .containsOnly(8);

        Search nothing = new Search(DEFAULT, false, List.of());
        assertThat(run(nothing, setup -> 1)).containsExactly(DEFAULT);
    }

    @Test
    void everythingAsFast_leavesTheDefault_withoutADuel() {
        Search search = new Search(DEFAULT, true, TIMES);
        assertThat(run(search, setup -> 100)).hasSize(1 + 1 + 1 + TIMES.size());
        assertThat(search.current()).isEqualTo(DEFAULT);
    }
}
