package org.jhorovod.allreduce.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class TrialTest {

    @Test
    void aSeed_isTheSameTrialEachTime() {
        assertThat(Trial.of(42)).isEqualTo(Trial.of(42)).isNotEqualTo(Trial.of(42 + 24));
    }

    @Test
    void seedsInARow_haveEachFaultOnEachOfItsWays() {
        var pairs =
                LongStream.range(100, 100 + Trial.pairCount())
                        .mapToObj(Trial::of)
                        .map(trial -> trial.fault() + " " + trial.way())
                        .collect(Collectors.toSet());
        for (Fault fault : Fault.values()) {
            for (Way way : fault.ways()) {
                assertThat(pairs).contains(fault + " " + way);
            }
        }
    }

    @Test
    void aTrial_isOneThatCanRun() {
        assertThat(LongStream.range(0, 1000).mapToObj(Trial::of))
                .allSatisfy(
                        trial -> {
                            assertThat(trial.size()).isBetween(trial.way().leastRanks(), 4);
                            assertThat(trial.victim()).isBetween(0, trial.size() - 1);
                            assertThat(trial.moment().step()).isBetween(-1, trial.steps() - 6);
                        });
    }
}
