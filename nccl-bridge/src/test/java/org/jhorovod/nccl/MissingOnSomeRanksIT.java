package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.jhorovod.allreduce.ranks.RankGroup.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NCCL on one rank and not on another: both are told which lacks it, long before a deadline. */
@NeedsDouble
class MissingOnSomeRanksIT {

    private static List<Outcome> outcomes(Map<String, String> ofBoth, Map<String, String> ofRank1) {
        Map<String, String> lacking = new HashMap<>(ofBoth);
        lacking.putAll(ofRank1);
        try (RankGroup ranks = DoubleRanks.start(List.of(ofBoth, lacking))) {
            long start = System.nanoTime();
            List<Outcome> outcomes = ranks.outcomes(MissingCase.class);
            assertThat(System.nanoTime() - start)
                    .as("start and operation deadlines are 120 s and more")
                    .isLessThan(60_000_000_000L);
            return outcomes;
        }
    }

    private static void requireSaid(List<Outcome> outcomes, String... said) {
        assertThat(outcomes)
                .allSatisfy(
                        outcome -> {
                            assertThat(outcome.hasFailed()).as(outcome.text()).isFalse();
                            assertThat(outcome.text()).contains(said);
                        });
    }

    @Test
    void aCollectiveOnADevice_failsOnAllRanks_namingTheOneWithoutTheLibraries(@TempDir Path empty) {
        requireSaid(
                outcomes(
                        Map.of("JHOROVOD_BACKEND", "auto"),
                        Map.of("JHOROVOD_NCCL_LIBRARIES", empty.toString())),
                "MismatchException",
                "missing on rank 1 on host-1",
                "nccl is unavailable",
                "--check-build",
                "JHOROVOD_BACKEND=host");
    }

    @Test
    void aCollectiveOnADevice_failsOnAllRanks_namingTheOneWhoseSettingsRuleItOut() {
        requireSaid(
                outcomes(Map.of("JHOROVOD_BACKEND", "auto"), Map.of("JHOROVOD_BACKEND", "host")),
                "MismatchException",
                "missing on rank 1 on host-1: JHOROVOD_BACKEND is host",
                "JHOROVOD_BACKEND=host on all ranks");
    }

    @Test
    void theStart_failsOnAllRanks_whenNcclWasAskedForAndOneLacksIt(@TempDir Path empty) {
        List<Outcome> outcomes =
                outcomes(Map.of(), Map.of("JHOROVOD_NCCL_LIBRARIES", empty.toString()));
        assertThat(outcomes)
                .allSatisfy(
                        outcome -> {
                            assertThat(outcome.hasFailed()).isTrue();
                            assertThat(outcome.text())
                                    .contains(
                                            "StartException",
                                            "nccl cannot be used",
                                            "missing on rank 1 on host-1",
                                            "nccl is unavailable",
                                            "JHOROVOD_BACKEND");
                        });
    }
}
