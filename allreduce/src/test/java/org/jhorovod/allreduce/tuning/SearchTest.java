package org.jhorovod.allreduce.tuning;

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
    private static final List<Integer> MIBS = List.of(0, 1, 2, 4, 8, 16, 32, 64);
    private static final List<ReduceChoice> TIMES =
            List.of(ReduceChoice.STEP, ReduceChoice.BACKWARD, ReduceChoice.ENGINE);
    private static final Dial<Setup> BUCKETS =
            Dial.size(MIBS, Setup::bucketMib, Setup::withBucketMib);
    private static final Dial<Setup> WHEN = Dial.choice(TIMES, Setup::reduce, Setup::withReduce);

    /** What is searched for here. */
    private record Setup(int bucketMib, ReduceChoice reduce) {
        Setup withBucketMib(int mib) {
            return new Setup(mib, reduce);
        }

        Setup withReduce(ReduceChoice choice) {
            return new Setup(bucketMib, choice);
        }
    }

    private static List<Setup> run(Search<Setup> search, ToDoubleFunction<Setup> millis) {
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
        Search<Setup> search = new Search<>(DEFAULT, List.of(BUCKETS, WHEN));
        List<Setup> tried =
                run(
                        search,
                        setup ->
                                100
                                        + 10 * Math.abs(log(setup.bucketMib()) - log(bucketMib))
                                        + (setup.reduce() == reduce ? 0 : 20));

        assertThat(search.current()).isEqualTo(new Setup(bucketMib, reduce));
        assertThat(tried).hasSizeLessThan(21);
        assertThat(tried.get(0)).isEqualTo(DEFAULT);
    }

    private static double log(int mib) {
        return mib == 0 ? -1 : Math.log(mib) / Math.log(2);
    }

    @Test
    void whatWasOnlyLucky_losesTheDuel_andTheDefaultStays() {
        Search<Setup> search = new Search<>(DEFAULT, List.of(BUCKETS, WHEN));
        Map<Setup, Integer> times = new java.util.HashMap<>();
        List<Setup> tried =
                run(
                        search,
                        setup -> {
                            boolean isFirst = times.merge(setup, 1, Integer::sum) == 1;
                            return isFirst && setup.bucketMib() == 16 ? 50 : 100;
                        });

        assertThat(search.current()).isEqualTo(DEFAULT);
        assertThat(tried.subList(tried.size() - 7, tried.size()))
                .containsExactly(
                        DEFAULT,
                        DEFAULT.withBucketMib(16),
                        DEFAULT,
                        DEFAULT.withBucketMib(16),
                        DEFAULT,
                        DEFAULT.withBucketMib(16),
                        DEFAULT);
    }

    @Test
    void machineThatBecomesFaster_makesNothingElseTheBest() {
        Search<Setup> search = new Search<>(DEFAULT, List.of(BUCKETS, WHEN));
        double[] millis = {100};
        run(search, setup -> millis[0] *= 0.97);
        assertThat(search.current()).isEqualTo(DEFAULT);
    }

    @Test
    void searchThatIsGivenUp_endsWithTheDefault() {
        Search<Setup> search = new Search<>(DEFAULT, List.of(BUCKETS, WHEN));
        search.measured(100);
        search.measured(50);
        assertThat(search.current()).isEqualTo(DEFAULT.withBucketMib(32));
        search.giveUp();
        assertThat(search.current()).isEqualTo(DEFAULT);
        assertThat(search.isOver()).isTrue();
    }

    @Test
    void whatIsSetByHand_isNotTouched() {
        Search<Setup> bucketsOnly = new Search<>(DEFAULT, List.of(BUCKETS));
        assertThat(run(bucketsOnly, setup -> 100 - setup.bucketMib()))
                .extracting(Setup::reduce)
                .containsOnly(ReduceChoice.AUTO);
        assertThat(bucketsOnly.current().bucketMib()).isEqualTo(64);

        Search<Setup> timesOnly = new Search<>(DEFAULT, List.of(WHEN));
        assertThat(run(timesOnly, setup -> setup.reduce().ordinal()))
                .extracting(Setup::bucketMib)
                .containsOnly(8);

        Search<Setup> nothing = new Search<>(DEFAULT, List.of());
        assertThat(run(nothing, setup -> 1)).containsExactly(DEFAULT);
    }

    @Test
    void everythingAsFast_leavesTheDefault_withoutADuel() {
        Search<Setup> search = new Search<>(DEFAULT, List.of(BUCKETS, WHEN));
        assertThat(run(search, setup -> 100)).hasSize(1 + 1 + 1 + TIMES.size());
        assertThat(search.current()).isEqualTo(DEFAULT);
    }
}
