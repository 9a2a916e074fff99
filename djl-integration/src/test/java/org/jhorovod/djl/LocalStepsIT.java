package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sites that train by themselves for some steps. */
@Timeout(600)
@ExtendWith(RankGroups.class)
class LocalStepsIT {
    private static final String[] IN_STEP = {"0", "1", "0", "average", "none", "rank"};

    /** What a rank ends with. */
    private record End(String model, double loss) {
        static End parse(String text) {
            String[] lines = text.split("\n", -1);
            return new End(lines[0], Double.parseDouble(lines[1]));
        }
    }

    private static End train(RankGroups groups, int size, String training, String... local) {
        List<End> ends =
                groups
                        .of(size)
                        .run(
                                LocalCases.Train.class,
                                (training + " " + String.join(" ", local)).split(" "))
                        .stream()
                        .map(End::parse)
                        .toList();
        assertThat(ends.stream().map(End::model))
                .as("equal on all ranks, bit for bit")
                .containsOnly(ends.get(0).model());
        return ends.get(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void sitesThatAverageAfterEachStep_endWithTheModelOfOneRank(int size, RankGroups groups) {
        String training = "tanh-mlp sgd 1152 24 1";
        String reference = train(groups, 1, training, IN_STEP).model();
        String model =
                train(groups, size, training, "1", "1", "0", "average", "none", "rank").model();

        assertThat(Parameters.relativeDistance(model, reference)).isLessThan(1e-6);
    }

    @ParameterizedTest
    @CsvSource({
        "4, '2,2'", // gradients are averaged inside each
        "3, '1,2'",
        "4, '1,3'",
    })
    void sitesOfSeveralRanks_endWithTheModelOfOneRank_ifTheyAverageAfterEachStep(
            int size, String sites, RankGroups groups) {
        String training = "batch-norm sgd 1152 24 1";
        String inStep = train(groups, size, training, IN_STEP).model();
        String model =
                train(groups, size, training, "1", "1", "0", "average", "none", sites).model();

        assertThat(Parameters.relativeDistance(model, inStep)).isLessThan(1e-3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "2; 8 1 0 nesterov:0.7,0.9 none rank",
                "2; 8 3 0 nesterov:0.7,0.9 none rank",
                "2; 8 3 10 average int8 rank",
                "3; 8 1 0 nesterov:0.7,0.9 int4 rank",
                "3; 7 2 5 nesterov:0.7,0.9 float16 rank",
                "4; 8 1 0 nesterov:0.7,0.9 powersgd:4 rank",
                "4; 8 2 0 average topk:0.25 2,2",
                "4; 5 4 3 nesterov:0.7,0.9 bfloat16 1,3",
                "4; 128 1 0 average none rank",
            })
    void localSteps_learnAsStepsInLockDo_andEndEqualOnAllRanks(
            int size, String local, RankGroups groups) {
        // Unequal batch counts, and last batches of unequal lengths.
        String training = "batch-norm momentum 1003 60 8";
        double inStep = train(groups, size, training, IN_STEP).loss();
        double loss = train(groups, size, training, local.split(" ")).loss();

        assertThat(loss).isLessThan(Math.max(0.35, 2 * inStep));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "2; float16 rank; 1e-2",
                "2; int8 rank; 5e-2",
                "3; bfloat16 rank; 5e-2",
                "4; float16 2,2; 1e-2",
                "4; int8 1,3; 5e-2",
            })
    void packedGradients_endNearTheModelOfFullOnes_andEqualOnAllRanks(
            int size, String packing, double distance, RankGroups groups) {
        // Unequal batch counts, and last batches of unequal lengths.
        String training = "batch-norm sgd 1003 60 2";
        String inFull = train(groups, size, training, IN_STEP).model();
        String model =
                train(groups, size, training, ("0 1 0 average " + packing).split(" ")).model();

        assertThat(model).isNotEqualTo(inFull);
        assertThat(Parameters.relativeDistance(model, inFull)).isLessThan(distance);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {"2; int4 rank", "3; topk:0.05 rank", "4; powersgd:2 2,2"})
    void coarselyPackedGradients_learnAsFullOnesDo(int size, String packing, RankGroups groups) {
        String training = "tanh-cnn momentum 1003 60 8";
        double inFull = train(groups, size, training, IN_STEP).loss();
        double loss = train(groups, size, training, ("0 1 0 average " + packing).split(" ")).loss();

        assertThat(loss).isLessThan(Math.max(0.35, 2 * inFull));
    }

    @ParameterizedTest
    @CsvSource({"2, 0, false", "4, 0, true", "4, 8, true"})
    void codecThatSavesNothing_isWarnedOf(
            int size, String localSteps, boolean isWarned, RankGroups groups) {
        int before = groups.of(size).log(0).length();

        train(
                groups,
                size,
                "tanh-mlp sgd 480 60 1",
                localSteps,
                "1",
                "0",
                "average",
                "float16",
                "rank");

        String log = groups.of(size).log(0).substring(before);
        assertThat(log.contains("Between 4 sites the codec float16 saves nothing"))
                .isEqualTo(isWarned);
    }
}
