package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** This machine as one with GPUs, for {@code -Pgpu}. */
final class GpuHost {
    private static final Pattern GPU = Pattern.compile("^GPU \\d+:", Pattern.MULTILINE);

    private GpuHost() {}

    /** How many GPUs there are; fails where there is none. */
    static int countGpus() throws InterruptedException {
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

    /**
     * A program for ranks that share a GPU: NCCL lets ranks of different hosts do so, and each says
     * that it is on a host of its own.
     *
     * @param script of the {@link #distribution}
     */
    static List<String> sharingOneGpu(Path script, Class<?> program) {
        Path lib = script.resolveSibling("../lib").normalize();
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        return List.of(
                "bash",
                "-c",
                "NCCL_HOSTID=rank-$JHOROVOD_RANK exec '%s' -cp '%s/*' %s"
                        .formatted(java, lib, program.getName()));
    }

    /**
     * The distribution by links, without the natives for CPUs, which makes DJL take those for GPUs.
     *
     * @return its jhorovodrun
     */
    static Path distribution(Path folder) throws IOException {
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
