package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The table of all-reduce, over two processes. */
@Timeout(120)
class AllReducePerfIT {
    private static final int REDUCTIONS = 8 * 5 + 2; // truth values have only MIN and MAX

    @TempDir Path folder;

    @Test
    void everyTypeAndOperation_isMeasured_andNothingIsWrong() throws Exception {
        Path json = folder.resolve("perf.json");
        Jhorovodrun.Result result =
                run(
                        "--type=all",
                        "--op=all",
                        "--min=1",
                        "--max=16K",
                        "--factor=128",
                        "--iters=3",
                        "--warmup=1",
                        "--json=" + json);

        assertThat(result.code()).as(result.out() + result.err()).isZero();
        assertThat(result.out())
                .contains("[0]<stdout>:# 2 ranks on 1 host, shm, host memory\n", "#wrong")
                .contains("[0]<stdout>:# wrong elements: 0 OK\n")
                .doesNotContain("[1]");
        JsonObject table = PerfJson.read(json);
        assertThat(table.getAsJsonObject("header").get("ranks").getAsInt()).isEqualTo(2);
        assertThat(table.getAsJsonObject("header").get("iterations").getAsInt()).isEqualTo(3);
        assertThat(table.get("wrong").getAsLong()).isZero();
        List<String> reductions = new ArrayList<>();
        for (JsonElement element : table.getAsJsonArray("rows")) {
            JsonObject row = element.getAsJsonObject();
            reductions.add(row.get("type").getAsString() + " " + row.get("redop").getAsString());
            requireFigures(row);
        }
        assertThat(reductions).hasSize(3 * REDUCTIONS).contains("bool min", "bfloat16 average");
        assertThat(reductions.stream().distinct()).hasSize(REDUCTIONS);
    }

    private static void requireFigures(JsonObject row) {
        for (String half : List.of("outOfPlace", "inPlace")) {
            JsonObject timing = row.getAsJsonObject(half);
            double micros = timing.get("timeMicros").getAsDouble();
            assertThat(timing.get("wrong").getAsLong()).as("%s", row).isZero();
            assertThat(micros)
                    .as("%s", row)
                    .isBetween(
                            timing.get("minMicros").getAsDouble(),
                            timing.get("maxMicros").getAsDouble());
            assertThat(timing.get("busbw").getAsDouble())
                    .as("with two ranks the algorithm's: %s", row)
                    .isEqualTo(timing.get("algbw").getAsDouble());
        }
    }

    @Test
    void device_isMissing_andTheRootCauseSaysSo() throws Exception {
        Jhorovodrun.Result result = run("--device", "--max=4K");

        assertThat(result.code()).isEqualTo(1);
        String line = "--device measures on GPUs, but rank 0 has none that DJL's PyTorch sees.";
        assertThat(result.err()).contains("[0]<stderr>:" + line, "[1]<stderr>:" + line);
        assertThat(result.err()).doesNotContain("It printed nothing", "Exception");
        assertThat(result.out()).isEmpty();
    }

    private static Jhorovodrun.Result run(String... options) throws Exception {
        List<String> words =
                new ArrayList<>(List.of("-np", "2", "--example", "allreduce-perf", "--"));
        words.addAll(List.of(options));
        return Jhorovodrun.of(words.toArray(String[]::new)).with("CUDA_VISIBLE_DEVICES", "").run();
    }
}
