package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The order between streams holds, and the double would show it if it did not. */
@NeedsDouble
class StreamOrderIT {
    private static final boolean IS_LONG = Boolean.getBoolean("jhorovod.test.long");
    private static final int BUG_RUNS = IS_LONG ? 20 : 3;
    private static final int RUNS = IS_LONG ? 200 : 20;

    /** Microseconds of a copy, of a sum, of a launch: each slow in turn, then all. */
    @ParameterizedTest(name = "copy {0} us, sum {1} us, launch {2} us")
    @CsvSource({"20000,0,0", "1000,20000,0", "5000,5000,3000"})
    void resultsAreRight_andTheHostNeverWaits(String copy, String sum, String launch) {
        try (RankGroup ranks = DoubleRanks.start(2, Map.of())) {
            assertThat(ranks.run(OrderCase.class, Integer.toString(RUNS), copy, sum, launch))
                    .containsOnly("0 wrong, 0 waits");
        }
    }

    @Test
    void aCollectiveThatDoesNotWaitForItsInput_isCaughtEveryTime() {
        assertThat(wrongRuns("ready", "100000", "0")).isEqualTo(BUG_RUNS);
    }

    @Test
    void aCallerThatDoesNotWaitForTheResult_isCaughtEveryTime() {
        assertThat(wrongRuns("end", "1000", "100000")).isEqualTo(BUG_RUNS);
    }

    private static int wrongRuns(String leftOut, String copy, String sum) {
        try (RankGroup ranks = DoubleRanks.start(2, Map.of("NCCL_TEST_LEAVE_OUT", leftOut))) {
            String runs = Integer.toString(BUG_RUNS);
            return ranks.run(OrderCase.class, runs, copy, sum, "0").stream()
                    .mapToInt(text -> Integer.parseInt(text.substring(0, text.indexOf(' '))))
                    .min()
                    .orElseThrow();
        }
    }
}
