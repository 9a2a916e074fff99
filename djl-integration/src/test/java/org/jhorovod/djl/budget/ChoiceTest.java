package org.jhorovod.djl.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Random;
import org.jhorovod.allreduce.codec.Codecs;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChoiceTest {
    private static final int MLP = 1_863_690;

    private static Conditions conditions(double mbit, double delayMillis, double stepMillis) {
        return new Conditions(
                new Link(mbit * 1e6 / 8, delayMillis / 1e3),
                1,
                2,
                MLP,
                stepMillis / 1e3,
                Map.of("bfloat16", 3e-9, "int8", 8e-9));
    }

    private static String first(double budget, Conditions conditions) {
        return Choice.first(budget, conditions, way -> true).way().describe();
    }

    @ParameterizedTest
    @CsvSource({
        "100000, 0.01, 16, 0.2, plain",
        "10000, 0.05, 60, 0.1, plain", // 6 ms to send; who computes longer can afford more
        "10000, 0.05, 16, 0.2, local 4 steps", // packing takes longer than sending
        "1000, 0.1, 200, 0.2, bfloat16 each step",
        "1000, 0.1, 200, 0.14, int8 each step",
        "1000, 0.1, 16, 0.2, 'local 16 steps, int8'",
        "100, 10, 16, 0.2, 'local 64 steps, int8'",
        "100, 10, 16, 0.03, 'local 64 steps, int8, 4 fragments'",
        "10, 100, 16, 0.5, 'local 128 steps, int8'", // too slow to go on beside the steps
    })
    void gentlestWayThatFits_isChosen(
            double mbit, double delayMillis, double stepMillis, double budget, String way) {
        assertThat(first(budget, conditions(mbit, delayMillis, stepMillis))).isEqualTo(way);
    }

    @Test
    void gradientsInFull_goByOneConnection_whateverOtherWaysHave() {
        Conditions shared = conditions(1000, 10, 200);
        Conditions alone =
                new Conditions(
                        shared.link(),
                        0.25,
                        shared.sites(),
                        shared.elements(),
                        shared.stepSeconds(),
                        shared.packingSeconds());
        Way plain = new Way(0, 1, Codecs.parse("none"));
        Way packed = new Way(0, 1, Codecs.parse("int8"));
        Way local = new Way(8, 1, Codecs.parse("none"));

        assertThat(Costs.share(plain, alone))
                .isEqualTo(Costs.share(plain, conditions(250, 10, 200)));
        assertThat(Costs.share(packed, alone)).isEqualTo(Costs.share(packed, shared));
        assertThat(Costs.share(local, alone)).isEqualTo(Costs.share(local, shared));
    }

    @Test
    void plainOverAnOfficesLine_isForecastAsItWasMeasured() {
        Choice choice = Choice.first(0.2, conditions(100, 10, 16), way -> true);

        // 714 ms a step were measured, of which 16 compute.
        assertThat(choice.shares().get(new Way(0, 1, Codecs.parse("none")))).isBetween(0.96, 0.985);
        assertThat(choice.describe())
                .contains(
                        "100 Mbit/s, 10.0 ms",
                        "16.0 ms",
                        "20 %",
                        "Chosen: local 64 steps, int8: 16 %");
        assertThat(choice.describeAll())
                .startsWith("each step: in full 98 %, bfloat16 95 %, int8 92 %; local 4: in full")
                .contains("; local 128: in full 24 %, int8 8.6 %, int8 in 4 fragments");
    }

    @Test
    void cheapestWay_isChosen_whereNoneFits() {
        Choice choice = Choice.first(0.2, conditions(0.1, 500, 1), way -> true);

        assertThat(choice.fits()).isFalse();
        assertThat(choice.shares().values()).allMatch(share -> share >= choice.share());
    }

    @Test
    void waysThatAreNotPossible_areLeftOut() {
        Choice choice = Choice.first(0.2, conditions(1e6, 0, 16), way -> !way.isInStep());

        assertThat(choice.way().describe()).isEqualTo("local 4 steps");
    }

    @ParameterizedTest
    @CsvSource({
        "100, 'local 64 steps, int8'", // as it was
        "80, 'local 64 steps, int8'", // a little slower
        "10, 'local 128 steps, int8, 4 fragments'", // over the budget
        "1000, 'local 16 steps, int8'", // a gentler one fits by far
        "100000, plain",
    })
    void way_changesOnlyIfThatMatters(double mbit, String then) {
        Way way = Choice.first(0.2, conditions(100, 10, 16), each -> true).way();
        double delay = mbit < 1000 ? 10 : 0.1;

        Choice next = Choice.next(way, 0.2, conditions(mbit, delay, 16), each -> true);

        assertThat(next.way().describe()).isEqualTo(then);
    }

    @RepeatedTest(50)
    void choice_keepsToTheBudget_andStaysAsLongAsNothingChanges(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        Conditions conditions =
                conditions(
                        Math.pow(10, random.nextDouble() * 6 - 1),
                        Math.pow(10, random.nextDouble() * 4 - 2),
                        Math.pow(10, random.nextDouble() * 3));
        double budget = 0.01 + 0.9 * random.nextDouble();

        Choice choice = Choice.first(budget, conditions, way -> true);

        assertThat(choice.shares().values())
                .allSatisfy(share -> assertThat(share).isBetween(0.0, 1.0));
        for (Way way : Way.LADDER) {
            if (way.equals(choice.way())) {
                break;
            }
            assertThat(choice.shares().get(way))
                    .as("gentler than the chosen: %s", way)
                    .matches(share -> share > budget || !choice.fits());
        }
        assertThat(Choice.next(choice.way(), budget, conditions, way -> true).way())
                .isEqualTo(choice.way());
    }
}
