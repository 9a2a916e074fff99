package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The order between streams holds on GPUs, and the test would show it if it did not. For {@code
 * -Pgpu}: where there is no GPU it fails, and says so.
 */
@Tag("gpu")
@Timeout(300)
class GpuStreamOrderIT {
    private static final int RUNS = 20;

    @Test
    void sumsAreRight_withoutAWaitBetweenWorkAndCollective() {
        assertThat(wrong(Map.of())).containsOnly("0 wrong");
    }

    @ParameterizedTest(name = "without waiting for \"{0}\"")
    @ValueSource(strings = {"ready", "end"})
    void aMissingStepOfTheOrder_isCaught(String leftOut) {
        assertThat(wrong(Map.of("NCCL_TEST_LEAVE_OUT", leftOut))).doesNotContain("0 wrong");
    }

    private static List<String> wrong(Map<String, String> environment) {
        try (RankGroup ranks = GpuRanks.start(GpuRanks.most(), environment)) {
            return ranks.run(GpuOrderCase.class, Integer.toString(RUNS));
        }
    }
}
