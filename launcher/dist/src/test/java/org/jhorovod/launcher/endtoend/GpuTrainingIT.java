package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jhorovod.examples.FashionMnist;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Trains on all GPUs of this machine. For {@code -Pgpu}: where there is no GPU it fails, and says
 * so. The distribution without PyTorch for CPUs makes DJL take the one for GPUs, which it downloads
 * where the class path does not hold it. Where there is one GPU, two ranks share it.
 */
@Tag("gpu")
class GpuTrainingIT {
    private static final Pattern DIGEST = Pattern.compile("parameters: ([0-9a-f]{64})");

    @Test
    @Timeout(value = 300, unit = TimeUnit.SECONDS)
    void fashionMnist_trainsOnAllGpus_withGradientsThroughNccl(@TempDir Path folder)
            throws Exception {
        int gpus = GpuHost.countGpus();
        Path script = GpuHost.distribution(folder);

        int ranks = Math.max(2, gpus);
        List<String> arguments = new ArrayList<>(List.of("-np", "" + ranks));
        arguments.addAll(
                gpus > 1
                        ? List.of("--example", "fashion-mnist")
                        : GpuHost.sharingOneGpu(script, FashionMnist.class));

        try (Jhorovodrun run =
                Jhorovodrun.ofScript(script, arguments.toArray(String[]::new))
                        .with("JHOROVOD_BACKEND", "nccl")
                        .start()) {
            run.input().close();
            Jhorovodrun.Result result = run.await(Duration.ofMinutes(4));

            assertThat(result.code()).as(result.err()).isZero();
            List<String> digests =
                    DIGEST.matcher(result.out()).results().map(MatchResult::group).toList();
            assertThat(digests).hasSize(ranks);
            assertThat(digests.stream().distinct()).as("digests of the ranks").hasSize(1);
            assertThat(result.out()).contains("nccl");
        }
    }
}
