package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sites that choose by themselves how they train. */
@Timeout(600)
@ExtendWith(RankGroups.class)
class BudgetIT {

    private static List<String> train(RankGroups groups, int size, String arguments) {
        return groups.of(size).run(LocalCases.Train.class, arguments.split(" "));
    }

    private static String log(RankGroups groups, int size) {
        return groups.of(size).log(0);
    }

    private static double loss(List<String> ends) {
        assertThat(ends.stream().map(end -> end.split("\n", -1)[0]))
                .as("equal on all ranks, bit for bit")
                .containsOnly(ends.get(0).split("\n", -1)[0]);
        return Double.parseDouble(ends.get(0).split("\n", -1)[1]);
    }

    @Test
    void measuredBudget_choosesTheSameOnAllRanks_andSaysWhatItCosts(RankGroups groups) {
        int before = log(groups, 2).length();
        String training = "batch-norm momentum 960 60 8 ";
        double inStep = loss(train(groups, 2, training + "0 1 0 average none rank"));

        double loss = loss(train(groups, 2, training + "budget:0.2 1 0 average none rank"));

        assertThat(loss).isLessThan(Math.max(0.35, 2 * inStep));
        assertThat(log(groups, 2).substring(before))
                .contains("the line between 2 sites has", "a step computes", "at most 20 %")
                .contains("Chosen: ", "What each way would take: each step: in full ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                // even batches: chosen at the ends of passes, and in the middle of the only one
                "2; 960 60 8; fast; rank; plain",
                "2; 960 60 8; office,fast,wide,village; rank; local 64 steps, int8, 4 fragments",
                "2; 960 60 8; fast,office; rank; local 64 steps, int8",
                "2; 2400 60 1; fast; rank; plain",
                "2; 60 60 60; fast; rank; plain", // passes of a step
                "2; 2400 60 2; office,wide; rank; int8 each step",
                "4; 960 60 8; office,fast,office,wide; 2,2; int8 each step",
                "3; 2160 60 2; wide,village; 1,2; local 64 steps, int8, 4 fragments",
                "2; 6000 60 1; fast,village,wide; rank; int8 each step", // a line that breaks down
                // early
                // uneven: after unequal numbers of steps only local ways are possible
                "3; 961 60 8; fast,office,wide; 1,2; int8 each step",
                "3; 961 60 8; office,office,office,wide; 1,2; local 4 steps",
                "4; 961 60 8; village,fast; 2,2; local 64 steps, int8, 4 fragments",
                "3; 6001 60 1; fast,village,wide; 1,2; local 4 steps",
                // looked at in a step in which two ranks only take part
                "3; 2821 60 1; fast,office; 1,2; local 64 steps, int8",
            })
    void waysThatChangeInMidTraining_learn_andEndEqualOnAllRanks(
            int size, String data, String script, String sites, String chosen, RankGroups groups) {
        int before = log(groups, size).length();
        boolean isEven = !data.substring(0, data.indexOf(' ')).endsWith("1");
        // Not batch norm where a batch has one sample.
        String model = isEven ? "batch-norm" : "tanh-mlp";

        double loss =
                loss(
                        train(
                                groups,
                                size,
                                "%s momentum %s budget:0.2/%s 1 0 average none %s"
                                        .formatted(model, data, script, sites)));

        assertThat(loss).isLessThan(isEven && data.endsWith("8") ? 0.5 : 2.2);
        assertThat(log(groups, size).substring(before)).contains("Chosen: " + chosen + ":");
    }

    @Test
    void outerMomentum_andStepsInLockStep_goTogetherWithABudget(RankGroups groups) {
        String training =
                "tanh-mlp sgd 960 60 8 budget:0.2/office,fast,office 1 20 nesterov:0.7,0.9 none"
                        + " rank";

        assertThat(loss(train(groups, 2, training))).isLessThan(2.5);
    }

    @Test
    void budgetOnOneHost_hasNoEffect_andSaysSo(RankGroups groups) {
        int before = log(groups, 2).length();
        String training = "tanh-mlp sgd 480 24 1 ";
        List<String> plain = train(groups, 2, training + "0 1 0 average none auto");

        List<String> budgeted = train(groups, 2, training + "budget:0.2 1 0 average none auto");

        assertThat(budgeted).isEqualTo(plain);
        assertThat(log(groups, 2).substring(before)).contains("communication budget has no effect");
    }
}
