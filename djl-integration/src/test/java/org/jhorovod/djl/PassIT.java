package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(600)
@ExtendWith(RankGroups.class)
class PassIT {

    @ParameterizedTest
    @CsvSource({
        // Rank 1 joins the first epoch's last step with a gradient that it has not stepped yet, and
        // from then on steps at other batches than rank 0.
        "every second, 3,"
                + " 0b1 0b2 1b1 1b2; 0b3 0b4 1b3; 0b1 0b2 1b1; 0b3 0b4 1b2 1b3;"
                + " 0b1 0b2 1b1 1b2; 0b3 0b4 1b3",
        // Rank 0 carries gradients from one epoch to the next; rank 1 joins the last step without.
        "every third, 3,"
                + " 0b1 0b2 0b3 1b1 1b2 1b3; 0b4 0b1 0b2 1b1 1b2 1b3;"
                + " 0b3 0b4 0b1 1b1 1b2 1b3; 0b2 0b3 0b4",
        "second and last, 2," + " 0b1 0b2 1b1 1b2; 0b3 0b4 1b3; 0b1 0b2 1b1 1b2; 0b3 0b4 1b3",
        // Rank 1 has come to its end before it steps, and so makes its last step in hasNext().
        "looking ahead, 1, 0b1 1b1; 0b2 1b2; 0b3 1b3; 0b4"
    })
    void accumulation_losesNothing_whenShardsAreUneven(
            String steps, String epochs, String schedule, RankGroups groups) {
        String reference =
                groups.of(1).run(PassCases.Scheduled.class, schedule.split("; ", -1)).get(0);

        List<String> ranks = groups.of(2).run(PassCases.Accumulating.class, steps, epochs);

        assertThat(ranks).containsOnly(ranks.get(0));
        assertThat(Parameters.relativeDistance(ranks.get(0), reference)).isLessThan(1e-6);
    }

    @Test
    void step_weighsTheTrainingBatch_whenAnEvaluationWasBrokenOffBefore(RankGroups groups) {
        List<String> ranks = groups.of(2).run(PassCases.EvaluatingBeforeStep.class);

        assertThat(ranks).containsOnly(ranks.get(0));
        assertThat(ranks.get(0)).startsWith("20 40 ");
    }

    @Test
    void iterable_isRefusedTheSecondTime(RankGroups groups) {
        List<String> ranks = groups.of(2).run(PassCases.IteratingTwice.class);

        assertThat(ranks).allSatisfy(text -> assertThat(text).contains("iterateDataset again"));
    }

    @ParameterizedTest
    @CsvSource({"0, stopped", "1, went on"})
    void earlyStopping_followsRank0OnAllRanks(String late, String outcome) {
        // A group of its own, because ranks that disagree would spoil it.
        try (RankGroup group = RankGroups.startOwn(2)) {
            assertThat(group.run(PassCases.StoppingByTheClock.class, late)).containsOnly(outcome);
        }
    }

    @Test
    void ownBatches_areWeighedAndTold_afterOneBatchWasPeekedAt(RankGroups groups) {
        String reference = groups.of(1).run(StepCases.OwnBatches.class).get(0);

        try (RankGroup group = RankGroups.startOwn(2)) {
            List<String> ranks = group.run(StepCases.OwnBatches.class, "peek");

            assertThat(ranks).containsOnly(ranks.get(0));
            assertThat(Parameters.relativeDistance(ranks.get(0), reference)).isLessThan(1e-6);
            assertThat(group.log(0)).containsOnlyOnce("does not divide this data");
        }
    }

    @Test
    void layers_frozenDifferently_areFoundOnAllRanks() {
        try (RankGroup group = RankGroups.startOwn(2)) {
            assertThat(group.outcomes(PassCases.FreezingDifferently.class))
                    .allSatisfy(
                            outcome ->
                                    assertThat(outcome.text())
                                            .contains("MismatchException")
                                            .contains("gradients"));
        }
    }

    @Test
    void pass_brokenOffByOneRankAlone_isNamed() {
        try (RankGroup group = RankGroups.startOwn(2)) {
            List<RankGroup.Outcome> outcomes = group.outcomes(PassCases.BreakingOffAlone.class);

            assertThat(outcomes)
                    .allSatisfy(
                            outcome ->
                                    assertThat(outcome.text())
                                            .contains("MismatchException")
                                            .contains("step-or-end-of-pass"));
            assertThat(outcomes.get(1).text()).contains("break").contains("same batch");
        }
    }
}
