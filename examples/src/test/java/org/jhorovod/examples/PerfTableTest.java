package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class PerfTableTest {

    @Test
    void timing_isTheMedian_andBandwidthsAreThoseOfNcclTests() {
        PerfTiming timing = PerfTiming.of(new double[] {900, 100, 300, 200}, 1_000_000, 4, 0);

        assertThat(timing.timeMicros()).isEqualTo(250);
        assertThat(timing.minMicros()).isEqualTo(100);
        assertThat(timing.maxMicros()).isEqualTo(900);
        assertThat(timing.algbw()).isCloseTo(4, within(1e-9)); // 1 MB in 250 us
        assertThat(timing.busbw()).isCloseTo(6, within(1e-9)); // 2 * 3 / 4 of it
    }

    @Test
    void busBandwidth_ofOneRankIsZero() {
        assertThat(PerfTiming.of(new double[] {10}, 4096, 1, 0).busbw()).isZero();
    }

    @Test
    void sizes_growByTheFactor_upToTheMost() {
        assertThat(PerfOptions.sizes(4, 100, 4)).containsExactly(4L, 16L, 64L);
        assertThat(PerfOptions.sizes(8, 8, 2)).containsExactly(8L);
        assertThat(PerfOptions.sizes(4, 16, 4)).containsExactly(4L, 16L);
        assertThat(PerfOptions.sizes(1L << 34, 1L << 40, 999_999_999)).containsExactly(1L << 34);
    }

    @Test
    void report_averagesBothHalves_andAddsWhatIsWrong() {
        PerfReport report = PerfReport.of(header(), List.of(row(1, 3), row(5, 0)));

        assertThat(report.averageBusbw()).isEqualTo(3);
        assertThat(report.wrong()).isEqualTo(6);
        assertThat(PerfTable.footer(report).get(0)).isEqualTo("# wrong elements: 6 FAILED");
    }

    @Test
    void row_breaksBetweenItsHalves_inATerminalOf80Columns_behindTheRank() {
        String row = PerfTable.row(row(12.345, 0));

        assertThat(row).hasSize(95);
        assertThat(row.substring(0, 68))
                .isEqualTo("268435456  67108864 bfloat16 product   -1 1234568 12.35 12.35      0");
        assertThat(row.substring(68)).isEqualTo(" 1234568 12.35 12.35      0");
    }

    @Test
    void header_hasAColumnForEachFigure_andFitsBehindTheRank() {
        List<String> lines = PerfTable.header(header());

        assertThat(lines.get(0)).isEqualTo("# 2 ranks on 1 host, unix, host memory");
        assertThat(lines.subList(0, 5)).allSatisfy(l -> assertThat(l).hasSizeLessThan(69));
        assertThat(lines.subList(5, 8)).allSatisfy(l -> assertThat(l).hasSize(95));
        assertThat(lines.get(6)).matches("# +size +count +type +redop +root.*");
    }

    private static PerfHeader header() {
        return new PerfHeader(2, 1, "unix", "host memory", 2, "17.0.1", 20, 5);
    }

    private static PerfRow row(double busbw, long wrong) {
        PerfTiming timing = new PerfTiming(1_234_567.8, 1_000_000, 2_000_000, busbw, busbw, wrong);
        return new PerfRow(268435456, 67108864, "bfloat16", "product", -1, timing, timing);
    }
}
