package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jhorovod.allreduce.InProcessCluster;
import org.jhorovod.allreduce.collective.Communicator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RankValuesTest {

    @Test
    void aStepIsAsLongAsOnItsSlowestRank() {
        List<double[]> largest =
                onThreeRanks(c -> RankValues.largest(c, c.rank(), 10 - c.rank(), 5));

        assertThat(largest).allSatisfy(v -> assertThat(v).containsExactly(2, 10, 5));
    }

    @Test
    void aShareIsTheMeanOverTheRanks() {
        assertThat(onThreeRanks(c -> RankValues.mean(c, c.rank() / 2.0))).containsOnly(0.5);
    }

    @Test
    void memoryIsToldOfEachRank() {
        assertThat(onThreeRanks(c -> RankValues.ofEach(c, 2.5 * c.rank())))
                .allSatisfy(v -> assertThat(v).containsExactly(0, 2.5, 5));
    }

    @Test
    void digests_differFromTheFirstRankOnWhoseModelDoes() {
        String[] digests = {"00ff", "00ff", "01ff"};

        assertThat(onThreeRanks(c -> RankValues.firstUnlikeRank0(c, digests[c.rank()])))
                .containsOnly(OptionalInt.of(2));
        assertThat(onThreeRanks(c -> RankValues.firstUnlikeRank0(c, "00ff")))
                .containsOnly(OptionalInt.empty());
    }

    private static <T> List<T> onThreeRanks(Function<Communicator, T> program) {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            return cluster.run(program);
        }
    }
}
