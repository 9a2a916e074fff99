package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.nn.Activation;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A program of DJL alone becomes a distributed one by one changed line. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class OneLineChangeIT {
    private static final String BEFORE = "model.newTrainer(config)";
    private static final String AFTER = "org.jhorovod.djl.DistributedTrainer.create(model, config)";

    @TempDir Path folder;

    @Test
    void onlyTheTrainersLineDiffers() throws IOException {
        List<String> plain = source().lines().toList();
        List<String> changed = changed().lines().toList();
        assertThat(changed).hasSameSizeAs(plain);
        long different =
                Stream.iterate(0, i -> i + 1)
                        .limit(plain.size())
                        .filter(i -> !plain.get(i).equals(changed.get(i)))
                        .count();
        assertThat(different).isEqualTo(1);
        assertThat(source()).doesNotContain("jhorovod");
    }

    @Test
    void theChangedProgramTrainsOnTwoRanks_savesOneGoodFile_andDropsOutDifferently()
            throws Exception {
        compile(changed());
        Path saved = folder.resolve("saved");
        Jhorovodrun.Result result = run(2, saved);
        assertThat(result.code()).as(result.err()).isZero();
        List<String> masks = find(result.out(), "\\[[01]]<stdout>:mask (\\S+)\\.");
        assertThat(masks).as("dropout masks of the two ranks").hasSize(2).doesNotHaveDuplicates();
        List<String> sums = find(result.out(), "\\[[01]]<stdout>:parameters (\\S+)\\.");
        assertThat(sums).as("sums of the parameters").hasSize(2);
        assertThat(sums.get(0)).isEqualTo(sums.get(1));
        assertThat(sumOfSaved(saved)).isEqualTo(sums.get(0));
        try (Stream<Path> files = Files.list(saved)) {
            assertThat(files.map(f -> f.getFileName().toString()))
                    .containsExactly("digits-0002.params");
        }
    }

    @Test
    void theUnchangedProgramTrainsByItself() throws Exception {
        compile(source());
        Jhorovodrun.Result result = run(1, folder.resolve("saved"));
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).contains("[0]<stdout>:mask");
    }

    private Jhorovodrun.Result run(int ranks, Path saved) throws Exception {
        return RankJava.of(ranks, folder, "OneLineProgram", saved.toString()).run();
    }

    private void compile(String source) throws IOException {
        Path file = folder.resolve("OneLineProgram.java");
        Files.writeString(file, source);
        int code =
                ToolProvider.getSystemJavaCompiler()
                        .run(
                                null,
                                null,
                                null,
                                "-d",
                                folder.toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                file.toString());
        assertThat(code).as("exit code of the compiler").isZero();
    }

    private static String source() throws IOException {
        try (InputStream in =
                OneLineChangeIT.class.getResourceAsStream("/OneLineProgram.java.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String changed() throws IOException {
        return source().replace(BEFORE, AFTER);
    }

    private static List<String> find(String text, String regex) {
        return Pattern.compile(regex)
                .matcher(text)
                .results()
                .map((MatchResult m) -> m.group(1))
                .toList();
    }

    private static String sumOfSaved(Path saved) throws Exception {
        try (Model model = Model.newInstance("digits")) {
            model.setBlock(
                    new SequentialBlock()
                            .add(Linear.builder().setUnits(32).build())
                            .add(Activation::tanh)
                            .add(Dropout.builder().optRate(0.5f).build())
                            .add(Linear.builder().setUnits(3).build()));
            model.load(saved, "digits");
            double sum =
                    model.getBlock().getParameters().values().stream()
                            .mapToDouble(p -> p.getArray().abs().sum().getFloat())
                            .sum();
            return String.valueOf(sum);
        }
    }
}
