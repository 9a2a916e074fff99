package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(600)
@ExtendWith(RankGroups.class)
class StepIT {

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void batchNorm_equalsOneProcessThatAveragesTheParts(int size, RankGroups groups) {
        String reference =
                groups.of(1)
                        .run(StepCases.InParts.class, "" + size, "batch-norm", "1152", "24")
                        .get(0);

        List<String> ranks =
                groups.of(size).run(TrainCase.class, "batch-norm", "sgd", "fit", "1152", "24");

        assertThat(ranks).as("running statistics included").containsOnly(ranks.get(0));
        assertThat(Parameters.relativeDistance(ranks.get(0), reference)).isLessThan(1e-5);
    }

    @Test
    void accumulation_weighsAllSamplesSinceTheLastStep(RankGroups groups) {
        String reference = groups.of(1).run(StepCases.Accumulating.class, "24").get(0);

        List<String> ranks = groups.of(2).run(StepCases.Accumulating.class, "24");

        assertThat(ranks).containsOnly(ranks.get(0));
        assertThat(Parameters.relativeDistance(ranks.get(0), reference)).isLessThan(1e-6);
    }

    @Test
    void layers_canBeFrozenAndUnfrozenBetweenSteps(RankGroups groups) {
        List<String> ranks = groups.of(2).run(StepCases.Freezing.class);

        assertThat(ranks).containsOnly(ranks.get(0));
        assertThat(ranks.get(0)).startsWith("true false true ");
    }

    @Test
    void gradients_outliveTheFreezingOfALayer(RankGroups groups) {
        assertThat(groups.of(2).run(StepCases.FreezingLikeDjl.class)).containsOnly("true");
    }

    @Test
    void branches_moveOnAllRanks_whenOneRankUsesThem(RankGroups groups) {
        List<String> ranks = groups.of(2).run(StepCases.Branching.class);

        assertThat(ranks).containsOnly(ranks.get(0));
        assertThat(ranks.get(0)).startsWith("true true ");
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void twoTrainers_alternate_evenInTheBatchThatOneRankHasMore(int size, RankGroups groups) {
        List<String> ranks = groups.of(size).run(StepCases.Alternating.class);

        int steps = (101 + size - 1) / size / 5 + 1;
        assertThat(ranks).containsOnly(ranks.get(0));
        assertThat(ranks.get(0)).endsWith(" %d %d".formatted(steps, steps));
    }

    @Test
    void ownBatches_areWeighedByWhatTheLossSaw(RankGroups groups) {
        String reference = groups.of(1).run(StepCases.OwnBatches.class).get(0);

        List<String> ranks = groups.of(2).run(StepCases.OwnBatches.class);

        assertThat(ranks).containsOnly(ranks.get(0));
        assertThat(Parameters.relativeDistance(ranks.get(0), reference)).isLessThan(1e-6);
        assertThat(groups.of(2).log(0)).contains("does not divide this data");
        assertThat(groups.of(2).log(1)).doesNotContain("does not divide this data");
    }
}
