package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Trains on all GPUs of this machine. For {@code -Pgpu}: where there is no GPU it fails, and says
 * so. The distribution without PyTorch for CPUs makes DJL take the one for GPUs, which it downloads
 * where the class path does not hold it.
 */
@Tag("gpu")
class GpuTrainingIT {
    private static final Pattern DIGEST = Pattern.compile("parameters: ([0-9a-f]{64})");
    private static final Pattern GPU = Pattern.compile("^GPU \\d+:", Pattern.MULTILINE);

    @Test
    @Timeout(value = 300, unit = TimeUnit.SECONDS)
    void fashionMnist_trainsOnAllGpus_withGradientsThroughNccl(@TempDir Path folder)
            throws Exception {
        int gpus = countGpus();
        Path script = distributionForGpus(folder);

        try (Jhorovodrun run =
                Jhorovodrun.ofScript(script, "-np", "" + gpus, "--example", "fashion-mnist")
                        .with("JHOROVOD_BACKEND", "nccl")
                        .start()) {
            run.input().close();
            Jhorovodrun.Result result = run.await(Duration.ofMinutes(4));

            assertThat(result.code()).as(result.err()).isZero();
            List<String> digests =
                    DIGEST.matcher(result.out()).results().map(MatchResult::group).toList();
            assertThat(digests).hasSize(gpus);
            assertThat(digests.stream().distinct()).as("digests of the ranks").hasSize(1);
            assertThat(result.out()).contains("nccl");
        }
    }

    private static int countGpus() throws IOException, InterruptedException {
        try {
            Process process = new ProcessBuilder("nvidia-smi", "-L").start();
            String listed =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            int count = (int) GPU.matcher(listed).results().count();
            assertThat(count).as("GPUs that nvidia-smi lists: " + listed).isPositive();
            return count;
        } catch (IOException e) {
            throw new AssertionError("-Pgpu tests on GPUs, but there is none: " + e.getMessage());
        }
    }

    /** The distribution by links, without the natives for CPUs. */
    private static Path distributionForGpus(Path folder) throws IOException {
        Path bin = Files.createDirectory(folder.resolve("bin"));
        Path lib = Files.createDirectory(folder.resolve("lib"));
        Path script = bin.resolve("jhorovodrun");
        Files.copy(Jhorovodrun.SCRIPT, script);
        try (Stream<Path> jars = Files.list(Jhorovodrun.DISTRIBUTION.resolve("lib"))) {
            for (Path jar : jars.toList()) {
                if (!jar.getFileName().toString().startsWith("pytorch-native-cpu")) {
                    Files.createSymbolicLink(lib.resolve(jar.getFileName()), jar);
                }
            }
        }
        return script;
    }
}
