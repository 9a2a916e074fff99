package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Ranks that are slower than others, in trainings. */
@Timeout(300)
@ExtendWith(RankGroups.class)
class StragglersIT {
    @Test
    void slowRank_isNamedEverySoManySteps_byRank0Alone(RankGroups groups) {
        List<String> logged = groups.of(2).run(StragglersCases.Train.class, "1", "20", "50");
        assertThat(logged.get(0).lines())
                .hasSize(2)
                .allSatisfy(
                        line ->
                                assertThat(line)
                                        .startsWith("Rank 1 is the slowest: of the last 20 steps")
                                        .contains("more than rank 0"));
        assertThat(logged.get(1)).isEmpty();
    }

    @Test
    void nothingIsSaid_whereThatIsOff(RankGroups groups) {
        assertThat(groups.of(2).run(StragglersCases.Train.class, "1", "0", "30")).containsOnly("");
    }
}
