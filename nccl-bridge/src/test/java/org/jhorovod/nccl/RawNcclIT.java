package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.junit.jupiter.api.Test;

/** The double's collectives that the bridge has no use for yet. */
@NeedsDouble
class RawNcclIT {

    @Test
    void collectivesOfNccl_giveEachRankItsPart() {
        try (RankGroup ranks =
                DoubleRanks.start(3, Map.of("NCCL_DOUBLE_LAUNCH_DELAY_MICROS", "500"))) {
            assertThat(ranks.run(RawNcclCase.class))
                    .containsExactly(
                            "reduce -; scatter 6; ring 3; host factor 18; device factor 18; ended"
                                    + " true",
                            "reduce -; scatter 60; ring 1; host factor 18; device factor 18; ended"
                                    + " true",
                            "reduce 6 60 600; scatter 600; ring 2; host factor 18; device factor"
                                    + " 18; ended true");
        }
    }
}
