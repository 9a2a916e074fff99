package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The steps of training, over two processes. */
@Timeout(120)
class TrainPerfIT {

    @TempDir Path folder;

    @Test
    void compare_measuresAllModes_andTheirRatios() throws Exception {
        Path json = folder.resolve("train.json");
        Jhorovodrun.Result result =
                run(
                        "--model=lenet",
                        "--sync=compare",
                        "--steps=3",
                        "--blocks=2",
                        "--warm-up=1",
                        "--json=" + json);

        assertThat(result.code()).as(result.out() + result.err()).isZero();
        assertThat(result.out())
                .contains(
                        "[0]<stdout>:# lenet, 61,706 parameters, 16 images a rank and step, on"
                                + " cpu\n")
                .contains("[0]<stdout>:# 2 ranks on 1 host, shm, 1 compute thread a rank\n")
                .contains("[0]<stdout>:# parameters of all ranks: equal OK\n")
                .doesNotContain("[1]");
        assertThat(result.err()).doesNotContain("WARN");
        JsonObject report = PerfJson.read(json);
        assertThat(report.get("sameParameters").getAsBoolean()).isTrue();
        List<String> modes = new ArrayList<>();
        for (JsonElement mode : report.getAsJsonArray("modes")) {
            modes.add(mode.getAsJsonObject().get("sync").getAsString());
            requireFigures(mode.getAsJsonObject());
        }
        assertThat(modes).containsExactly("on", "off", "none");
        List<String> ratios = new ArrayList<>();
        for (JsonElement element : report.getAsJsonArray("ratios")) {
            JsonObject ratio = element.getAsJsonObject();
            ratios.add(ratio.get("of").getAsString() + "/" + ratio.get("by").getAsString());
            assertThat(ratio.get("low").getAsDouble())
                    .isPositive()
                    .isLessThanOrEqualTo(ratio.get("high").getAsDouble());
        }
        assertThat(ratios).containsExactly("on/off", "on/none", "off/none");
        assertThat(result.out()).contains(modes).contains(ratios);
        requireMemory(report.getAsJsonObject("memory"));
    }

    @ParameterizedTest
    @CsvSource({"fusion, deep, on single named, on/single", "tracing, lenet, on traced, on/traced"})
    void whatFusionGains_andTracingCosts_areMeasuredInTurns(
            String sync, String model, String modes, String ratio) throws Exception {
        Path json = folder.resolve("train.json");
        Jhorovodrun.Result result =
                run(
                        "--model=" + model,
                        "--sync=" + sync,
                        "--steps=2",
                        "--blocks=1",
                        "--warm-up=1",
                        "--json=" + json);

        assertThat(result.code()).as(result.out() + result.err()).isZero();
        JsonObject report = PerfJson.read(json);
        assertThat(report.get("sameParameters").getAsBoolean()).isTrue();
        assertThat(strings(report, "modes", "sync")).isEqualTo(modes);
        assertThat(strings(report, "ratios", "of")).startsWith("on");
        assertThat(result.out()).contains(ratio);
    }

    private static String strings(JsonObject report, String list, String key) {
        return report.getAsJsonArray(list).asList().stream()
                .map(each -> each.getAsJsonObject().get(key).getAsString())
                .collect(Collectors.joining(" "));
    }

    private static void requireMemory(JsonObject memory) {
        assertThat(memory.get("heapLimitMib").getAsDouble()).isPositive();
        assertThat(memory.getAsJsonArray("residentMib"))
                .as("two rounds")
                .hasSize(2)
                .allSatisfy(round -> assertThat(round.getAsJsonArray()).hasSize(2));
        assertThat(memory.getAsJsonArray("peakMib"))
                .as("of two ranks, each with libtorch: %s", memory)
                .hasSize(2)
                .allSatisfy(peak -> assertThat(peak.getAsDouble()).isGreaterThan(100));
    }

    @Test
    void gpu_isRefusedOnAllRanks_whereThereIsNone() throws Exception {
        Jhorovodrun.Result result = run("--model=lenet", "--device=gpu");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err())
                .contains("--device gpu measures on GPUs, but rank 0 has none")
                .contains("[1]<stderr>:--device gpu");
    }

    private static void requireFigures(JsonObject mode) {
        assertThat(mode.getAsJsonArray("blockMillis"))
                .hasSize(2)
                .allSatisfy(block -> assertThat(block.getAsJsonArray()).hasSize(3));
        double median = mode.get("stepMillis").getAsDouble();
        assertThat(median)
                .as("%s", mode)
                .isPositive()
                .isBetween(
                        mode.get("minMillis").getAsDouble(), mode.get("maxMillis").getAsDouble());
        assertThat(mode.get("imagesPerSecond").getAsDouble())
                .as("two ranks with 16 images each: %s", mode)
                .isEqualTo(2 * 16 * 1e3 / median);
    }

    private static Jhorovodrun.Result run(String... options) throws Exception {
        List<String> words = new ArrayList<>(List.of("-np", "2", "--example", "train-perf", "--"));
        words.addAll(List.of(options));
        return Jhorovodrun.of(words.toArray(String[]::new))
                .withQuickStarts()
                .run(Duration.ofSeconds(100));
    }
}
