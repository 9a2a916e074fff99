package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Trainings that end in the middle of an epoch and go on from their checkpoints. */
@Timeout(600)
@ExtendWith(RankGroups.class)
class CheckpointIT {
    @TempDir private Path folder;

    /** What a rank has told. */
    private record Told(String model, String digest, long steps, int epochs, List<Long> ids) {
        static Told parse(String text) {
            String[] lines = text.split("\n", -1);
            List<Long> ids =
                    lines[4].isEmpty()
                            ? List.of()
                            : Arrays.stream(lines[4].split(",")).map(Long::valueOf).toList();
            return new Told(
                    lines[0], lines[1], Long.parseLong(lines[2]), Integer.parseInt(lines[3]), ids);
        }
    }

    private List<Told> train(RankGroups groups, int size, String... arguments) {
        List<Told> told =
                groups.of(size).run(CheckpointCases.Train.class, arguments).stream()
                        .map(Told::parse)
                        .toList();
        assertThat(told.stream().map(Told::digest))
                .as("equal on all ranks")
                .containsOnly(told.get(0).digest());
        return told;
    }

    private static List<Long> ids(List<Told> told) {
        return told.stream().flatMap(rank -> rank.ids().stream()).toList();
    }

    @ParameterizedTest
    @CsvSource({
        // from 4 ranks to fewer, more, and as many, in the middle of an epoch
        "4, 2, 60, 7",
        "4, 3, 60, 7",
        "4, 4, 60, 7",
        "2, 4, 60, 11",
        "4, 1, 60, 7",
        "1, 3, 60, 7",
        // after the last step of the epoch, when one rank has had a batch more
        "2, 3, 20, 51",
    })
    void resumedEpoch_showsEachOf1003SamplesOnce_overBothParts(
            int before, int after, String globalBatch, String lastStep, RankGroups groups) {
        String[] common = {folder.toString(), "tanh-mlp", "adam", "1003"};
        List<Told> first =
                train(groups, before, with(common, globalBatch, "true", "1", lastStep, "1"));
        String rest = "" + 12 * after;
        List<Told> second = train(groups, after, with(common, rest, "true", "1", "0", "1"));

        assertThat(first.get(0).steps()).isEqualTo(Long.parseLong(lastStep));
        List<Long> seen = new ArrayList<>(ids(first));
        assertThat(seen).hasSizeLessThanOrEqualTo(1003);
        seen.addAll(ids(second));
        assertThat(seen)
                .containsExactlyInAnyOrderElementsOf(LongStream.range(0, 1003).boxed().toList());
        assertThat(second.get(0).epochs()).isEqualTo(1);
    }

    private static String[] with(String[] common, String... more) {
        return Stream.concat(Arrays.stream(common), Arrays.stream(more)).toArray(String[]::new);
    }

    @ParameterizedTest
    @CsvSource({
        "1, dropout, adam",
        "2, dropout, adam",
        "3, dropout, momentum",
        "2, batch-norm, adamw",
    })
    void resumed_endsWithTheUninterruptedModel_bitForBit(
            int size, String model, String optimizer, RankGroups groups) {
        String whole = folder.resolve("whole").toString();
        String parts = folder.resolve("parts").toString();
        String[] data = {model, optimizer, "503", "48", "true", "3"};
        Told expected =
                train(groups, size, with(with(new String[] {whole}, data), "0", "1")).get(0);

        for (String stop : List.of("4", "11", "12", "0")) { // 11 steps are an epoch
            List<Told> told =
                    train(groups, size, with(with(new String[] {parts}, data), stop, "1"));
            if (stop.equals("0")) {
                assertThat(told.get(0).digest()).isEqualTo(expected.digest());
                assertThat(told.get(0).steps()).isEqualTo(expected.steps() - 12);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "4; tanh-mlp; sgd; 4 1 0 nesterov:0.7,0.9 none 2,2; 8; true",
                "2; dropout; adam; 4 2 3 nesterov:0.7,0.9 int8 rank; 7; true",
                "3; tanh-mlp; momentum; 4 1 0 average topk:0.1 rank; 8; true",
                "4; batch-norm; adamw; 4 1 0 average int4 1,3; 8; true",
                // the way that a budget has chosen is found anew
                "2; tanh-mlp; adam; budget:0.2/fast,village 1 0 nesterov:0.7,0.9 none rank; 8;"
                        + " false",
                "4; tanh-mlp; momentum; budget:0.2/office,wide 1 0 average none 2,2; 8; false",
            })
    void resumedLocalSteps_goOn_andShowEachSampleOnce(
            int size,
            String model,
            String optimizer,
            String local,
            String stopAfter,
            boolean areSame,
            RankGroups groups) {
        String[] data = {model, optimizer, "503", "48", "true", "2"};
        String[] steps = local.split(" ");
        String whole = folder.resolve("whole").toString();
        String parts = folder.resolve("parts").toString();
        Told expected =
                train(groups, size, with(with(with(new String[] {whole}, data), "0", "1"), steps))
                        .get(0);

        List<Long> seen = new ArrayList<>();
        Told last = expected;
        for (String stop : List.of(stopAfter, "0")) { // 11 steps are an epoch
            List<Told> told =
                    train(
                            groups,
                            size,
                            with(with(with(new String[] {parts}, data), stop, "1"), steps));
            seen.addAll(ids(told));
            last = told.get(0);
        }
        assertThat(seen).hasSize(2 * 503);
        assertThat(last.epochs()).isEqualTo(2);
        if (areSame) {
            assertThat(last.digest()).isEqualTo(expected.digest());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "2; momentum; 0 1 0 average int8 rank",
                "2; sgd; 0 1 0 average int4 rank",
                "3; momentum; 0 1 0 average float16 1,2",
                "3; adam; 0 1 0 average topk:0.1 rank",
                "4; adamw; 0 1 0 average topk:0.05 2,2",
            })
    void resumedPackedGradients_endWithTheUninterruptedModel_bitForBit(
            int size, String optimizer, String packing, RankGroups groups) {
        String[] data = {"batch-norm", optimizer, "503", "48", "true", "3"};
        String[] sites = packing.split(" ");
        String whole = folder.resolve("whole").toString();
        String parts = folder.resolve("parts").toString();
        String[] uninterrupted = with(with(new String[] {whole}, data), "0", "4");
        Told expected = train(groups, size, with(uninterrupted, sites)).get(0);

        Told last = expected;
        // 11 steps are an epoch: where checkpoints are due, and at the end of one
        for (String stop : List.of("8", "11", "16", "0")) {
            String[] part = with(with(new String[] {parts}, data), stop, "4");
            last = train(groups, size, with(part, sites)).get(0);
        }
        assertThat(last.steps()).isEqualTo(expected.steps() - 16);
        assertThat(last.digest()).isEqualTo(expected.digest());
    }

    @ParameterizedTest
    @ValueSource(strings = {"sgd", "momentum", "decay", "adam", "adamw"})
    void ranks_thatResume_endWithTheModelOfOneRank(String optimizer, RankGroups groups) {
        String[] data = {"tanh-mlp", optimizer, "1152", "24", "false", "1"};
        String reference =
                train(groups, 1, with(with(new String[] {""}, data), "0", "0")).get(0).model();
        for (int size : new int[] {2, 3}) {
            String ofSize = folder.resolve("size-" + size).toString();
            String whole =
                    train(groups, size, with(with(new String[] {""}, data), "0", "0"))
                            .get(0)
                            .model();
            train(groups, size, with(with(new String[] {ofSize}, data), "20", "1"));
            String resumed =
                    train(groups, size, with(with(new String[] {ofSize}, data), "0", "1"))
                            .get(0)
                            .model();

            assertThat(Parameters.relativeDistance(whole, reference)).isLessThan(1e-5);
            assertThat(Parameters.relativeDistance(resumed, reference)).isLessThan(1e-5);
        }
    }

    @Test
    void checkpoint_isLoadedByPlainDjl_andOnlyTheNewestStay(RankGroups groups) throws Exception {
        List<Told> told =
                train(
                        groups,
                        2,
                        folder.toString(),
                        "tanh-cnn",
                        "adam",
                        "240",
                        "24",
                        "true",
                        "2",
                        "0",
                        "3");

        List<String> names = new ArrayList<>();
        try (Stream<Path> paths = Files.list(folder)) {
            paths.map(path -> path.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .forEach(names::add);
        }
        assertThat(names).hasSizeLessThanOrEqualTo(3).endsWith("checkpoint-0000000020");
        try (Model model = Model.newInstance("case")) {
            model.setBlock(TestModels.block("tanh-cnn"));
            model.load(folder.resolve("checkpoint-0000000020"), "case");
            assertThat(ParameterDigest.sha256(model.getBlock())).isEqualTo(told.get(0).digest());
        }
    }

    @Test
    void damagedCheckpoint_isPassedOver_andOtherModelsAreRefusedOnAllRanks(RankGroups groups)
            throws IOException {
        String[] data = {"240", "24", "false", "1"};
        String[] same = with(new String[] {folder.toString(), "tanh-mlp", "adam"}, data);
        train(groups, 2, with(same, "5", "0"));
        train(groups, 2, with(same, "6", "0"));
        Path newest = folder.resolve("checkpoint-0000000006");
        Path parameters = newest.resolve("case-0000.params");
        byte[] bytes = Files.readAllBytes(parameters);
        bytes[bytes.length / 2] ^= 4;
        Files.write(parameters, bytes);

        assertThat(train(groups, 2, with(same, "0", "1")).get(0).steps())
                .as("from step 5 to step 10")
                .isEqualTo(5);

        String[] otherModel = with(new String[] {folder.toString(), "dropout", "adam"}, data);
        assertThatThrownBy(() -> train(groups, 2, with(otherModel, "0", "1")))
                .hasMessageContaining("is of another model: parameter 0")
                .hasMessageContaining("rank 1");
        String[] otherOptimizer = with(new String[] {folder.toString(), "tanh-mlp", "sgd"}, data);
        assertThatThrownBy(() -> train(groups, 2, with(otherOptimizer, "0", "1")))
                .hasMessageContaining("optimizer ai.djl.training.optimizer.Adam")
                .hasMessageContaining("Sgd");
        String[] otherData = {"tanh-mlp", "adam", "241", "24", "false", "2"};
        assertThatThrownBy(
                        () ->
                                train(
                                        groups,
                                        2,
                                        with(
                                                with(new String[] {folder.toString()}, otherData),
                                                "0",
                                                "1")))
                .hasMessageContaining("other data");
    }

    @Test
    void settings_keepCheckpointsWithoutALineOfCode() {
        Map<String, String> settings =
                Map.of(
                        "JHOROVOD_CHECKPOINT_FOLDER",
                        folder.toString(),
                        "JHOROVOD_CHECKPOINT_STEPS",
                        "4");
        try (var group = RankGroups.startOwn(2, settings)) {
            group.run(
                    CheckpointCases.Train.class,
                    List.of("", "tanh-mlp", "sgd", "240", "24", "false", "1", "9", "0")
                            .toArray(String[]::new));
        }
        assertThat(folder.resolve("checkpoint-0000000004")).isDirectory();
    }
}
