package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * All-reduce on all GPUs of this machine beside nccl-tests, where its {@code all_reduce_perf} is on
 * the PATH. Both tables' bus bandwidths stand on the page. For {@code -Pgpu}: where there is no GPU
 * it fails, and says so.
 */
@Tag("gpu")
class GpuBandwidthIT {
    private static final String PEER = "all_reduce_perf";

    @TempDir Path folder;

    @Test
    @Timeout(value = 600, unit = TimeUnit.SECONDS)
    void allReduce_isRightOnAllGpus_andItsBandwidthStandsBesideThatOfNcclTests(
            TestReporter reporter) throws Exception {
        int gpus = GpuHost.countGpus();
        Path json = folder.resolve("perf.json");
        try (Jhorovodrun run =
                Jhorovodrun.ofScript(
                                GpuHost.distribution(folder),
                                "-np",
                                "" + gpus,
                                "--example",
                                "allreduce-perf",
                                "--",
                                "--device",
                                "--json",
                                json.toString())
                        .with("JHOROVOD_BACKEND", "nccl")
                        .start()) {
            run.input().close();
            Jhorovodrun.Result result = run.await(Duration.ofMinutes(4));
            assertThat(result.code()).as(result.out() + result.err()).isZero();
        }
        JsonObject table = PerfJson.read(json);
        assertThat(table.get("wrong").getAsLong()).isZero();

        Optional<Path> peer = onPath(PEER);
        Map<Long, Double> theirs = Map.of();
        if (peer.isPresent()) {
            theirs = NcclTestsTable.busBandwidths(run(peer.get(), gpus));
            assertThat(theirs).as("rows of nccl-tests' table").isNotEmpty();
        }
        reporter.publishEntry(
                "bus bandwidth in place on %d GPUs, GB/s".formatted(gpus),
                NcclTestsTable.comparison(PerfJson.busBandwidths(table), theirs)
                        + (peer.isPresent()
                                ? ""
                                : "nccl-tests is not there: put its "
                                        + PEER
                                        + " on the PATH to compare"));
    }

    /** nccl-tests in one process, over all GPUs, with the sizes of our table. */
    private String run(Path program, int gpus) throws IOException, InterruptedException {
        Path printed = folder.resolve("nccl-tests.txt");
        Process process =
                new ProcessBuilder(
                                program.toString(),
                                "-b",
                                "4K",
                                "-e",
                                "256M",
                                "-f",
                                "4",
                                "-g",
                                "" + gpus)
                        .redirectErrorStream(true)
                        .redirectOutput(printed.toFile())
                        .start();
        try {
            assertThat(process.waitFor(4, TimeUnit.MINUTES)).as(program + " has ended").isTrue();
        } finally {
            process.destroyForcibly();
        }
        String text = Files.readString(printed);
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }

    private static Optional<Path> onPath(String name) {
        String path = System.getenv().getOrDefault("PATH", "");
        return Pattern.compile(File.pathSeparator, Pattern.LITERAL)
                .splitAsStream(path)
                .map(entry -> Path.of(entry, name))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
