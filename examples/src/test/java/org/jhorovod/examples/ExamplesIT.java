package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The examples as a world of one rank, in this JVM. */
class ExamplesIT {

    private static final Pattern ACCURACY = Pattern.compile("test accuracy +(0\\.\\d+)\\R");
    private static final Pattern DIGEST = Pattern.compile("rank 0's parameters: ([0-9a-f]{64})");

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void bothExamplesTrainTheSameModel(@TempDir Path folder) {
        String fit =
                run(new FashionMnist(), "--epochs=1", "--tensorboard=" + folder.resolve("figures"));
        String loop = run(new CustomLoop(), "--epochs=1", "--save=" + folder);

        assertThat(Double.parseDouble(find(ACCURACY, fit))).isGreaterThan(0.75);
        assertThat(find(ACCURACY, loop)).isEqualTo(find(ACCURACY, fit));
        assertThat(find(DIGEST, loop)).isEqualTo(find(DIGEST, fit));
        assertThat(folder.resolve("custom-loop-0000.params")).isNotEmptyFile();
        assertThat(folder.resolve("figures"))
                .isDirectoryContaining(file -> file.toString().contains("tfevents"));
    }

    @Test
    @Timeout(60)
    void allReducePerf_printsATable_andWritesItToAFile(@TempDir Path folder) throws IOException {
        Path json = folder.resolve("perf.json");
        String table = run(new AllReducePerf(), "--max=64K", "--type=int32", "--json=" + json);

        assertThat(table.lines().filter(line -> line.matches(" +[0-9]+ +[0-9]+ +int32 +sum .*")))
                .hasSize(3); // 4K, 16K and 64K
        assertThat(table).contains("# 1 rank on 1 host", "# wrong elements: 0 OK");
        assertThat(json).content().contains("\"ranks\": 1", "\"size\": 65536", "\"wrong\": 0");
    }

    @Test
    @Timeout(60)
    void allReducePerf_refusesAFileWhoseFolderIsMissing_beforeItMeasures(@TempDir Path folder) {
        Path json = folder.resolve("missing").resolve("perf.json");

        assertThat(ExampleCommand.run(new AllReducePerf(), "--json=" + json)).isEqualTo(1);
    }

    @Test
    @Timeout(60)
    void trainPerf_ofOneMode_printsItsStepsAlone(@TempDir Path folder) throws IOException {
        Path json = folder.resolve("train.json");
        String table =
                run(
                        new TrainPerf(),
                        "--model=lenet",
                        "--sync=on",
                        "--batch=2",
                        "--steps=2",
                        "--blocks=1",
                        "--warm-up=1",
                        "--json=" + json);

        assertThat(table)
                .contains(
                        "# lenet, 61,706 parameters, 2 images",
                        "# parameters of all ranks: equal OK")
                .containsPattern("\n      on  .*\n")
                .doesNotContain("ratio", "off", "none  ");
        assertThat(json).content().contains("\"sync\": \"on\"", "\"sameParameters\": true");
    }

    @Test
    @Timeout(120)
    void slowLink_comparesWaysInTurn_andDrawsThem(@TempDir Path folder) throws IOException {
        Path json = folder.resolve("ways.json");
        Path plot = folder.resolve("ways.png");
        String table =
                run(
                        new SlowLink(),
                        "--way=plain",
                        "--way=local:8,int8",
                        "--accuracy=0.3",
                        "--every=4",
                        "--seconds=30",
                        "--json=" + json,
                        "--plot=" + plot);

        assertThat(table)
                .contains("1 rank on 1 host")
                .containsPattern("\nplain +[0-9.]+ +[0-9]+ ")
                .containsPattern("\nlocal:8,int8 +[0-9.]+ +[0-9]+ ");
        assertThat(json).content().contains("\"way\": \"local:8,int8\"", "\"curves\"");
        assertThat(plot).isNotEmptyFile();
    }

    private static String run(Callable<Integer> example, String... args) {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream out = System.out;
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            assertThat(ExampleCommand.run(example, args)).isZero();
        } finally {
            System.setOut(out);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    private static String find(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        assertThat(matcher.find()).as("%s in:%n%s", pattern, text).isTrue();
        return matcher.group(1);
    }
}
