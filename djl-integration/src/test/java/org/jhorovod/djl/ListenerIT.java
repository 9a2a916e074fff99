package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.jhorovod.djl.listener.EventReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.util.Event;
import org.tensorflow.util.SessionLog.SessionStatus;

@Timeout(600)
@ExtendWith(RankGroups.class)
class ListenerIT {
    private static final String LOSS = "SoftmaxCrossEntropyLoss";

    @TempDir private Path folder;

    private List<String> fit(RankGroup group, String listener, int epochs, String place) {
        return fit(group, listener, epochs, place, "", 0);
    }

    private List<String> fit(
            RankGroup group,
            String listener,
            int epochs,
            String place,
            String checkpoints,
            int brokenOffAfter) {
        List<String> ranks =
                group.run(
                        ListenerCases.Fit.class,
                        listener,
                        folder.toString(),
                        Integer.toString(epochs),
                        place,
                        checkpoints,
                        Integer.toString(brokenOffAfter));
        assertThat(ranks).as("epochs as each rank saw them").containsOnly(ranks.get(0));
        return ranks.get(0).lines().toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"first", "last"})
    void tensorBoard_getsFiguresOfAllRanks_atTheStepsOfAll(String place, RankGroups groups)
            throws Exception {
        List<String> epochs = fit(groups.of(2), "tensorboard", 3, place);

        assertThat(EventReader.files(folder)).as("rank 0 writes alone").hasSize(1);
        List<Event> events = EventReader.events(EventReader.files(folder).get(0));
        assertThat(events.get(0).getFileVersion()).isEqualTo("brain.Event:2");
        assertThat(events).noneMatch(Event::hasSessionLog);
        Map<String, Map<Long, Float>> scalars = EventReader.scalars(events);
        assertThat(scalars)
                .containsOnlyKeys(
                        "train/Accuracy",
                        "train/" + LOSS,
                        "validate/Accuracy",
                        "validate/" + LOSS,
                        "batch/Accuracy",
                        "batch/" + LOSS,
                        "learning_rate",
                        "speed/samples_per_second",
                        "speed/waiting_share");
        // Rank 0 has four batches an epoch, so all make four steps.
        assertThat(figures(scalars, "validate/Accuracy"))
                .isEqualTo(
                        Map.of(
                                4L,
                                word(epochs, 0, 0),
                                8L,
                                word(epochs, 1, 0),
                                12L,
                                word(epochs, 2, 0)));
        assertThat(figures(scalars, "train/Accuracy"))
                .isEqualTo(
                        Map.of(
                                4L,
                                word(epochs, 0, 1),
                                8L,
                                word(epochs, 1, 1),
                                12L,
                                word(epochs, 2, 1)));
        assertThat(figures(scalars, "train/" + LOSS)).containsOnlyKeys(4L, 8L, 12L);
        assertThat(figures(scalars, "learning_rate")).containsOnlyKeys(2L, 4L, 6L, 8L, 10L, 12L);
        figures(scalars, "learning_rate")
                .forEach(
                        (step, rate) ->
                                assertThat(rate)
                                        .isEqualTo(
                                                ListenerCases.learningRate()
                                                        .getNewValue(step.intValue())));
        assertThat(figures(scalars, "batch/" + LOSS).keySet()).contains(4L, 6L, 8L, 10L, 12L);
        assertThat(figures(scalars, "speed/samples_per_second").values())
                .isNotEmpty()
                .allSatisfy(speed -> assertThat(speed).isPositive().isFinite());
        assertThat(figures(scalars, "speed/waiting_share").values())
                .allSatisfy(share -> assertThat(share).isBetween(0f, 1f));
    }

    @Test
    void tensorBoard_goesOnInASecondFile_whenATrainingResumes(
            @TempDir Path checkpoints, RankGroups groups) throws Exception {
        RankGroup group = groups.of(2);
        fit(group, "tensorboard", 3, "last", checkpoints.toString(), 6);

        fit(group, "tensorboard", 3, "last", checkpoints.toString(), 0);

        assertThat(EventReader.files(folder)).hasSize(2);
        List<Event> before = EventReader.events(EventReader.files(folder).get(0));
        assertThat(figures(EventReader.scalars(before), "learning_rate"))
                .containsOnlyKeys(2L, 4L, 6L);
        List<Event> after = EventReader.events(EventReader.files(folder).get(1));
        assertThat(after.get(1).getSessionLog().getStatus()).isEqualTo(SessionStatus.START);
        assertThat(after.get(1).getStep()).isEqualTo(7);
        Map<String, Map<Long, Float>> scalars = EventReader.scalars(after);
        assertThat(figures(scalars, "learning_rate")).containsOnlyKeys(8L, 10L, 12L);
        assertThat(figures(scalars, "validate/Accuracy")).containsOnlyKeys(8L, 12L);
    }

    @Test
    void bestModel_hasTheEpochsNumber_alsoInATrainingThatResumed(
            @TempDir Path checkpoints, RankGroups groups) throws Exception {
        RankGroup group = groups.of(2);
        List<String> epochs =
                new ArrayList<>(fit(group, "highest", 4, "last", checkpoints.toString(), 6));

        epochs.addAll(fit(group, "highest", 4, "last", checkpoints.toString(), 0));

        assertThat(epochs).hasSize(4);
        int best = best(epochs, true);
        assertThat(best).as("an epoch after the resume").isPositive();
        assertThat(files())
                .containsExactly("case-best-%04d.params".formatted(best + 1), "case-best.figure");
        assertThat(load(groups)).startsWith(epochs.get(best).split(" ", -1)[2]);
    }

    private static Map<Long, Float> figures(Map<String, Map<Long, Float>> scalars, String tag) {
        return scalars.getOrDefault(tag, Map.of());
    }

    private static float word(List<String> epochs, int epoch, int number) {
        return Float.parseFloat(epochs.get(epoch).split(" ", -1)[number]);
    }

    @ParameterizedTest
    @CsvSource({"highest, first", "highest, last", "lowest, last"})
    void bestModel_isTheOneOfTheBestEpoch_asPlainDjlLoadsIt(
            String goal, String place, RankGroups groups) throws Exception {
        List<String> epochs = fit(groups.of(2), goal, 5, place);

        int best = best(epochs, goal.equals("highest"));
        assertThat(files())
                .containsExactly("case-best-%04d.params".formatted(best + 1), "case-best.figure");
        assertThat(load(groups))
                .isEqualTo(
                        "%s %d %s"
                                .formatted(
                                        epochs.get(best).split(" ", -1)[2],
                                        best + 1,
                                        String.format(Locale.ROOT, "%.5f", word(epochs, best, 0))));
        assertThat(groups.of(2).log(0)).contains("Best model so far: epoch 1, Accuracy");
        assertThat(groups.of(2).log(1)).doesNotContain("Best model so far");
    }

    private static int best(List<String> epochs, boolean isHighest) {
        int best = 0;
        for (int epoch = 1; epoch < epochs.size(); epoch++) {
            float difference = word(epochs, epoch, 0) - word(epochs, best, 0);
            if (isHighest ? difference > 0 : difference < 0) {
                best = epoch;
            }
        }
        return best;
    }

    private List<String> files() throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private String load(RankGroups groups) {
        return groups.of(1).run(ListenerCases.Load.class, folder.toString(), "case-best").get(0);
    }

    @Test
    void bestModel_outlivesALaterAttemptThatIsWorse_andYieldsToABetterOne(RankGroups groups)
            throws Exception {
        List<String> first = fit(groups.of(2), "highest", 3, "last");
        List<String> files = files();
        String loaded = load(groups);

        List<String> worse = fit(groups.of(2), "highest", 1, "last");

        assertThat(word(worse, 0, 0)).isLessThan(word(first, 2, 0));
        assertThat(files()).isEqualTo(files);
        assertThat(load(groups)).isEqualTo(loaded);

        List<String> better = fit(groups.of(2), "highest", 12, "last");

        int best = best(better, true);
        assertThat(word(better, best, 0)).isGreaterThan(word(first, 2, 0));
        assertThat(files())
                .containsExactly("case-best-%04d.params".formatted(best + 1), "case-best.figure");
        assertThat(load(groups)).startsWith(better.get(best).split(" ", -1)[2]);
    }

    @Test
    void bestModel_choosenOtherwiseBefore_isRefusedAtTheStart(RankGroups groups) throws Exception {
        Files.writeString(
                folder.resolve("case-best.figure"),
                "evaluator Accuracy\ngoal LOWEST\nfigure 0.5\nepoch 3\n");
        Files.writeString(folder.resolve("case-best-0003.params"), "a model");

        assertThat(
                        groups.of(2)
                                .outcomes(
                                        ListenerCases.Fit.class,
                                        "highest",
                                        folder.toString(),
                                        "1",
                                        "last",
                                        "",
                                        "0"))
                .allSatisfy(
                        outcome ->
                                assertThat(outcome.text())
                                        .contains("lowest Accuracy", "highest Accuracy")
                                        .contains("Choose another folder or name"));
    }

    @Test
    void throughput_isSaidByRank0(RankGroups groups) {
        fit(groups.of(2), "throughput", 2, "last");

        assertThat(groups.of(2).log(0))
                .containsPattern(
                        "Epoch 2 of 2 \\(\\d+ %\\), step 7: [0-9,]+ samples/s over 2 ranks,"
                                + " \\d+\\.\\d % of the steps waiting, loss \\d\\.\\d{4} on rank 0,"
                                + " time left not known yet");
        assertThat(groups.of(2).log(1)).doesNotContain("samples/s");
    }

    @ParameterizedTest
    @CsvSource({
        "patience, epoch 4", // the first epoch has nothing to be better than
        "minimum, epoch 5",
        "duration, epoch 2",
        "metric, epoch 2",
        "improving, to the end",
    })
    void earlyStopping_endsAllRanksAfterTheSameEpoch_andStartsAfreshWithATraining(
            String option, String end, RankGroups groups) {
        List<String> ranks = groups.of(2).run(ListenerCases.Stopping.class, option, "all");

        assertThat(ranks).containsOnly(end + "; " + end);
        assertThat(groups.of(1).run(ListenerCases.Stopping.class, option, "all"))
                .as("as alone")
                .containsExactly(ranks.get(0));
    }

    @Test
    void earlyStopping_ofOneRankAlone_isRefusedAtTheStart(RankGroups groups) {
        assertThat(groups.of(2).outcomes(ListenerCases.Stopping.class, "patience", "one"))
                .allSatisfy(
                        outcome ->
                                assertThat(outcome.text())
                                        .contains("MismatchException")
                                        .contains("rank 0 has 1 early stopping listeners")
                                        .contains("rank 1 has 0 early stopping listeners"));
    }
}
