package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.conformance.RankProcesses;
import org.jhorovod.nccl.NativeDouble;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * DJL's training with gradients on devices, on the double of CUDA and NCCL: no GPU. Arrays on the
 * CPU stand in for device memory, which the double's is; the buckets of devices, the bridge and the
 * order of its streams are the real ones, and the double reduces.
 */
@Timeout(300)
class DoubleTrainingIT {
    private static final Path NCCL_BRIDGE = Path.of("..", "..", "nccl-bridge");
    private static final int SIZE = 2;

    /** What the ranks of one job printed, by name. */
    private record Job(List<Map<String, String>> ranks) {
        String only(String name) {
            List<String> values =
                    ranks.stream().map(rank -> rank.getOrDefault(name, "")).distinct().toList();
            assertThat(values).as(name + " of all ranks").hasSize(1);
            return values.get(0);
        }

        double[] parameters() {
            return Arrays.stream(only("parameters").split(","))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
        }
    }

    /**
     * The two ways weigh the gradients before and after the sum, so they round differently: by the
     * type's half epsilon (6e-8, 5e-4) a few times in each of the 11 steps.
     */
    @ParameterizedTest
    @CsvSource({"FLOAT32, 1e-6", "FLOAT16, 5e-3"})
    void ranks_endWithTheHostsModel_whenGradientsGoThroughDeviceBucketsAndTheBridge(
            String type, double tolerance) throws Exception {
        Assumptions.assumeTrue(
                NativeDouble.canBeBuilt(),
                "The package g++ is missing, which builds the double of CUDA and NCCL.");
        Job onHost = train("host", type);
        Job onDevice = train("device", type);

        assertThat(onDevice.only("transport")).contains("nccl", "test double, no GPU");
        // A bucket a step, and 1001 samples are 11 steps of batches of 50 on two ranks.
        assertThat(onDevice.only("reductions")).isEqualTo("11");
        assertThat(onHost.only("reductions")).isEqualTo("0");
        assertThat(onDevice.only("digest")).as("bitwise equal on all ranks").hasSize(64);
        assertThat(relativeDistance(onDevice.parameters(), onHost.parameters()))
                .isLessThan(tolerance);
    }

    private static Job train(String place, String type) throws IOException, InterruptedException {
        Map<String, String> environment =
                Map.of(
                        "JHOROVOD_BACKEND",
                        "nccl",
                        "JHOROVOD_NCCL_LIBRARIES",
                        NativeDouble.likeASystem(NCCL_BRIDGE).folder().toString(),
                        "NCCL_DOUBLE_SNAPSHOT",
                        "1",
                        "NCCL_DOUBLE_REDUCTION_DELAY_MICROS",
                        "2000",
                        "OMP_NUM_THREADS",
                        "1",
                        "OPT_OUT_TRACKING",
                        "true");
        List<String> outputs =
                new RankProcesses(
                                InetAddress.getLoopbackAddress(),
                                DoubleTrainingRank.class.getName(),
                                List.of("-Dai.djl.offline=true"),
                                rank -> environment)
                        .run(SIZE, List.of(), List.of(place, type), -1);
        return new Job(outputs.stream().map(DoubleTrainingIT::values).toList());
    }

    private static Map<String, String> values(String output) {
        return output.lines()
                .map(line -> line.split("=", 2))
                .filter(words -> words.length == 2)
                .collect(Collectors.toMap(words -> words[0], words -> words[1], (a, b) -> b));
    }

    private static double relativeDistance(double[] actual, double[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        double distance = 0;
        double length = 0;
        for (int i = 0; i < actual.length; i++) {
            distance += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            length += expected[i] * expected[i];
        }
        return Math.sqrt(distance / length);
    }
}
