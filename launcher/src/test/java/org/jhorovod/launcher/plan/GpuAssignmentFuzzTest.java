package org.jhorovod.launcher.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** A value of CUDA_VISIBLE_DEVICES, or what nvidia-smi lists. */
class GpuAssignmentFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "0,1, GPU-8e3a,-1,2",
                        """
                        GPU 0: NVIDIA A100 (UUID: GPU-5d-1)
                          MIG 1g.5gb Device 0: (UUID: MIG-7/0)

                        """)
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void gpus_comeBackAsTheyWere(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        for (List<String> gpus : List.of(GpuAssignment.entries(text), GpuAssignment.listed(text))) {
            assertThat(GpuAssignment.entries(String.join(",", gpus))).isEqualTo(gpus);
        }
    }
}
