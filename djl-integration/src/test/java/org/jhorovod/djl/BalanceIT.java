package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks of unlike speed share the samples so that none waits for the other. */
@Timeout(600)
@ExtendWith(RankGroups.class)
class BalanceIT {
    @TempDir private Path folder;

    /** What a rank has told. */
    private record Told(String model, String digest, List<Integer> counts, List<Long> ids) {
        static Told parse(String text) {
            String[] lines = text.split("\n", -1);
            return new Told(
                    lines[0],
                    lines[1],
                    numbers(lines[2]).map(Integer::valueOf).toList(),
                    numbers(lines[3]).map(Long::valueOf).toList());
        }

        private static Stream<String> numbers(String line) {
            return Arrays.stream(line.split(",", -1)).filter(number -> !number.isEmpty());
        }
    }

    private static List<Told> train(RankGroups groups, int size, String... arguments) {
        List<Told> told =
                groups.of(size).run(BalanceCases.Train.class, arguments).stream()
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

    /** What all ranks have taken in each step in which all had samples. */
    private static Stream<String> shares(List<Told> told) {
        int steps = told.stream().mapToInt(rank -> rank.counts().size()).min().orElse(0);
        return IntStream.range(0, steps)
                .mapToObj(
                        step ->
                                told.stream()
                                        .map(rank -> "" + rank.counts().get(step))
                                        .collect(Collectors.joining(" ")));
    }

    private static List<Long> all(int samples) {
        return LongStream.range(0, samples).boxed().toList();
    }

    /** The model of one rank from the same global batches. */
    private static String reference(
            RankGroups groups, String model, String optimizer, int samples, String globalBatch) {
        return groups.of(1)
                .run(TrainCase.class, model, optimizer, "fit", "" + samples, globalBatch)
                .get(0);
    }

    @ParameterizedTest
    @CsvSource({
        "2, tanh-mlp, sgd, 32, 1, plain",
        "2, tanh-mlp, adam, 32, 0, prefetch",
        "3, tanh-cnn, sgd, 48, 2, plain",
        "2, tanh-cnn, adam, 32, 1, backward",
    })
    void slowRank_comesToAThirdOfTheOthersSamples_andTheModelIsThatOfOneRank(
            int size,
            String model,
            String optimizer,
            String globalBatch,
            int slow,
            String how,
            RankGroups groups) {
        int steps = 48;
        int batch = Integer.parseInt(globalBatch);
        int samples = batch * steps;

        List<Told> told =
                train(
                        groups,
                        size,
                        model,
                        optimizer,
                        "" + samples,
                        globalBatch,
                        "" + slow,
                        how,
                        "1",
                        "0",
                        "");

        assertThat(ids(told)).containsExactlyInAnyOrderElementsOf(all(samples));
        List<Integer> ofSlow = told.get(slow).counts();
        assertThat(ofSlow).hasSize(steps);
        assertThat(ofSlow.subList(0, 5)).as("before a measurement").containsOnly(batch / size);
        double third = batch / (3.0 * (size - 1) + 1);
        assertThat(ofSlow.subList(30, steps))
                .as("a third, and it stays there")
                .allSatisfy(count -> assertThat((double) count).isBetween(third - 2, third + 2));
        assertThat(
                        Parameters.relativeDistance(
                                told.get(0).model(),
                                reference(groups, model, optimizer, samples, globalBatch)))
                .isLessThan(1e-5);
    }

    @ParameterizedTest
    @CsvSource({
        "3, tanh-mlp, sgd, 2304, 24, prefetch",
        // what is left at the end: 19 samples, and one that only one rank gets
        "2, tanh-mlp, adam, 2323, 24, plain",
        "3, tanh-cnn, sgd, 2305, 24, plain",
        "2, tanh-mlp, sgd, 2305, 24, prefetch backward",
    })
    void ranks_endWithTheModelOfOneRank_whileOneAndThenTheOtherIsSlow(
            int size,
            String model,
            String optimizer,
            int samples,
            String globalBatch,
            String how,
            RankGroups groups) {
        List<Told> told =
                train(
                        groups,
                        size,
                        model,
                        optimizer,
                        "" + samples,
                        globalBatch,
                        "1 0",
                        how,
                        "1",
                        "0",
                        "");

        assertThat(ids(told)).containsExactlyInAnyOrderElementsOf(all(samples));
        assertThat(shares(told).limit(96).distinct().count())
                .as("shares")
                .isGreaterThanOrEqualTo(3);
        assertThat(
                        Parameters.relativeDistance(
                                told.get(0).model(),
                                reference(groups, model, optimizer, samples, globalBatch)))
                .isLessThan(1e-5);
    }

    @Test
    void packedGradients_areWeighedBySamplesToo(RankGroups groups) {
        List<Told> told =
                train(groups, 2, "tanh-mlp", "sgd", "1152", "24", "1", "packed", "1", "0", "");

        assertThat(ids(told)).containsExactlyInAnyOrderElementsOf(all(1152));
        assertThat(shares(told).distinct().count()).as("shares").isGreaterThan(1);
        assertThat(
                        Parameters.relativeDistance(
                                told.get(0).model(),
                                reference(groups, "tanh-mlp", "sgd", 1152, "24")))
                .as("as near as float16 comes")
                .isLessThan(1e-4);
    }

    @Test
    void batchNorm_equalsOneProcessThatAveragesTheSameParts(RankGroups groups) {
        List<Told> told =
                train(groups, 2, "batch-norm", "sgd", "1152", "24", "1", "plain", "1", "0", "");
        String parts = shares(told).collect(Collectors.joining(","));

        String reference =
                groups.of(1)
                        .run(StepCases.InParts.class, "2", "batch-norm", "1152", "24", parts)
                        .get(0);

        assertThat(shares(told).distinct().count()).as("shares").isGreaterThan(1);
        assertThat(Parameters.relativeDistance(told.get(0).model(), reference)).isLessThan(1e-5);
    }

    @ParameterizedTest
    @CsvSource({
        "2, 3, 24, 17",
        "3, 2, 24, 30",
        "2, 1, 24, 13",
        "2, 2, 24, 41",
        "2, 3, 24, 42", // after the last step
    })
    void resumedEpoch_showsEachSampleOnce_overBothParts(
            int before, int after, String globalBatch, String lastStep, RankGroups groups) {
        String[] common = {"tanh-mlp", "adam", "1003", globalBatch, "0", "shuffled"};
        List<Told> first = train(groups, before, with(common, "1", lastStep, folder.toString()));
        List<Told> second = train(groups, after, with(common, "1", "0", folder.toString()));

        assertThat(first.get(0).counts()).hasSize(Integer.parseInt(lastStep));
        assertThat(first.get(0).counts().get(12))
                .as("shares have changed")
                .isLessThan(first.get(0).counts().get(0));
        List<Long> seen = new ArrayList<>(ids(first));
        assertThat(seen).hasSize(Math.min(1003, 24 * Integer.parseInt(lastStep)));
        seen.addAll(ids(second));
        assertThat(seen).containsExactlyInAnyOrderElementsOf(all(1003));
    }

    private static String[] with(String[] common, String... more) {
        List<String> all = new ArrayList<>(List.of(common));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                241,
                97 // the ranks agree for the first time in a step that one only joins
            })
    void passes_afterAnUnevenOne_showEachSampleOnce(int samples, RankGroups groups) {
        List<Told> told =
                train(
                        groups,
                        2,
                        "tanh-mlp",
                        "sgd",
                        "" + samples,
                        "24",
                        "1",
                        "shuffled",
                        "3",
                        "0",
                        "");

        List<Long> expected = new ArrayList<>();
        for (int epoch = 0; epoch < 3; epoch++) {
            expected.addAll(all(samples));
        }
        assertThat(ids(told)).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(told.get(1).counts()).as("shares").anyMatch(count -> count > 1 && count < 9);
    }

    @Test
    void localSteps_areRefusedTogetherWithBalance(RankGroups groups) {
        assertThat(groups.of(2).run(BalanceCases.WithLocalSteps.class))
                .allSatisfy(
                        text ->
                                assertThat(text)
                                        .contains("JHOROVOD_BALANCE=false")
                                        .contains("JHOROVOD_LOCAL_STEPS=0"));
    }
}
