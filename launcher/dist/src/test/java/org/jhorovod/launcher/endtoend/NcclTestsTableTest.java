package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class NcclTestsTableTest {
    private static final String PRINTED =
            """
            # nThread 1 nGpus 2 minBytes 4096 maxBytes 16384 step: 4(factor) warmup iters: 5 iters: 20
            #
            # Using devices
            #  Rank  0 Group  0 Pid   1234 on       host device  0 [0x07] Some GPU
            #
            #                                                              out-of-place                       in-place
            #       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong
            #        (B)    (elements)                               (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)
                    4096          1024     float     sum      -1    10.24    0.40    0.41      0    10.01    0.41    0.42      0
                   16384          4096     float     sum      -1    11.30    1.45    1.46    N/A    11.20    1.46    1.50    N/A
            # Out of bounds values : 0 OK
            # Avg bus bandwidth    : 0.935
            """;

    @Test
    void busBandwidths_areThoseInPlace_ofEachRow() {
        assertThat(NcclTestsTable.busBandwidths(PRINTED))
                .containsExactlyInAnyOrderEntriesOf(Map.of(4096L, 0.42, 16384L, 1.50));
    }

    @Test
    void busBandwidths_ofATableWithoutRoot_areFoundToo() {
        assertThat(
                        NcclTestsTable.busBandwidths(
                                "  4096  1024  float  sum  10.2  0.4  0.41  0  10.0  0.4  0.43  0"))
                .isEqualTo(Map.of(4096L, 0.43));
    }

    @Test
    void busBandwidths_ofWhatIsNoTable_areNone() {
        assertThat(NcclTestsTable.busBandwidths("all_reduce_perf: error while loading\n"))
                .isEmpty();
    }

    @Test
    void comparison_dividesOursByTheirs_andShowsADashWhereTheyHaveNone() {
        assertThat(
                        NcclTestsTable.comparison(
                                        Map.of(4096L, 0.21, 16384L, 1.5, 65536L, 2.0),
                                        Map.of(4096L, 0.42, 16384L, 1.0))
                                .lines()
                                .map(line -> line.strip().replaceAll(" +", " ")))
                .containsExactly(
                        "bytes ours theirs by",
                        "4096 0.21 0.42 0.50",
                        "16384 1.50 1.00 1.50",
                        "65536 2.00 - -");
    }
}
