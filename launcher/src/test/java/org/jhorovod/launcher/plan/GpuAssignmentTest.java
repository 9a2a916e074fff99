package org.jhorovod.launcher.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class GpuAssignmentTest {

    @ParameterizedTest
    @CsvSource({
        "'4,5,6,7', '4|5|6|7'",
        "' 1 , 0', '1|0'",
        "'GPU-5d5ba0d6-d33d,GPU-8f', 'GPU-5d5ba0d6-d33d|GPU-8f'",
        "'MIG-GPU-8e/1/0,MIG-41b3', 'MIG-GPU-8e/1/0|MIG-41b3'",
        "'', ''",
        "'-1', ''",
        "'NoDevFiles', ''",
        "'0,-1,2', '0'",
        "'0,,2', '0'"
    })
    void entries_areThoseThatCudaSees(String value, String entries) {
        assertThat(String.join("|", GpuAssignment.entries(value))).isEqualTo(entries);
    }

    @Test
    void listed_takesTheGpus_andTheirPartsWhereTheyAreDivided() {
        String output =
                """
                GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa-0)
                GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bbbb-1)
                  MIG 3g.20gb     Device  0: (UUID: MIG-cccc-2)
                  MIG 3g.20gb     Device  1: (UUID: MIG-GPU-dddd/2/0)
                GPU 2: Tesla (old) V100 (UUID: GPU-eeee-3)
                """;
        assertThat(GpuAssignment.listed(output))
                .containsExactly("GPU-aaaa-0", "MIG-cccc-2", "MIG-GPU-dddd/2/0", "GPU-eeee-3");
    }

    @Test
    void listed_isEmpty_whereNoGpuIs() {
        assertThat(GpuAssignment.listed("")).isEmpty();
        assertThat(GpuAssignment.listed("No devices found.\nUnable to determine (UUID: ERR)\n"))
                .isEmpty();
    }

    @Test
    void assign_givesEachRankItsOwn_overWhatAllHave() {
        assertThat(visible(4, List.of("4", "5", "6", "7"))).containsExactly("4", "5", "6", "7");
        assertThat(visible(2, List.of("4", "5", "6", "7"))).containsExactly("4", "5");
    }

    @Test
    void assign_letsRanksShare_whereThereAreMoreOfThem() {
        assertThat(visible(5, List.of("a", "b"))).containsExactly("a", "b", "a", "b", "a");
    }

    private static List<String> visible(int ranks, List<String> gpus) {
        List<RankPlan> plans =
                IntStream.range(10, 10 + ranks)
                        .mapToObj(rank -> new RankPlan(rank, List.of(all())))
                        .toList();
        return GpuAssignment.assign(plans, gpus).stream()
                .map(
                        plan -> {
                            Map<String, String> environment = new HashMap<>();
                            EnvironmentChange.apply(plan.environment(), environment);
                            return environment.get("CUDA_VISIBLE_DEVICES");
                        })
                .toList();
    }

    private static EnvironmentChange all() {
        return new EnvironmentChange("CUDA_VISIBLE_DEVICES", "all of them");
    }
}
