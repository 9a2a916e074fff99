package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StragglersTest {
    @Test
    void slowestRank_isNamed_withWhatItTakesBesideTheMiddleOneOfTheOthers() {
        assertThat(Stragglers.describe(List.of(10e6, 40e6, 20e6, 30e6), 1000, 20))
                .hasValueSatisfying(
                        text ->
                                assertThat(text)
                                        .startsWith("Rank 1 is the slowest: of the last 1000 steps")
                                        .contains("worked 40.0 ms on each, 100 % more than")
                                        .contains("the middle one of the others (20.0 ms)")
                                        .contains("JHOROVOD_BALANCE", "JHOROVOD_STRAGGLER_STEPS"));
    }

    @Test
    void ofTwoRanks_theOtherIsNamed() {
        assertThat(Stragglers.describe(List.of(15e6, 10e6), 7, 20))
                .hasValueSatisfying(
                        text -> assertThat(text).contains("50 % more than rank 1 (10.0 ms)"));
    }

    @Test
    void smallDifferences_andTimesThatAreNotKnown_areNotWorthALine() {
        assertThat(Stragglers.describe(List.of(10e6, 11.9e6), 1000, 20)).isEmpty();
        assertThat(Stragglers.describe(List.of(10e6, 12.1e6), 1000, 20)).isPresent();
        assertThat(Stragglers.describe(List.of(0.0, 12.1e6), 1000, 20)).isEmpty();
    }
}
