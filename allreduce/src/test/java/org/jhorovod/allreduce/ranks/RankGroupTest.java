package org.jhorovod.allreduce.ranks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankGroup.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class RankGroupTest {

    /** Answers with its rank, the world's size, its arguments and a variable. */
    static final class Telling implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) {
            System.out.println("printed by rank " + communicator.rank());
            return communicator.rank()
                    + "/"
                    + communicator.size()
                    + arguments
                    + System.getenv("OF_THE_TEST")
                    + System.getProperty("of.the.test");
        }
    }

    /** Fails on the rank that the argument names. */
    static final class Failing implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) {
            if (communicator.rank() == Integer.parseInt(arguments.get(0))) {
                throw new IllegalStateException("broken on purpose");
            }
            return "whole";
        }
    }

    /** Ends the process of rank 1. */
    static final class Ending implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) {
            if (communicator.rank() == 1) {
                Runtime.getRuntime().halt(3);
            }
            return "whole";
        }
    }

    @Test
    void cases_runOnAllRanks_oneAfterAnother() {
        try (RankGroup group =
                RankGroup.start(
                        2,
                        List.of("-Dof.the.test=property"),
                        rank -> Map.of("OF_THE_TEST", " variable " + rank + " "))) {
            assertThat(group.run(Telling.class, "ä,b", ""))
                    .containsExactly(
                            "0/2[ä,b, ] variable 0 property", "1/2[ä,b, ] variable 1 property");
            assertThatThrownBy(() -> group.run(Failing.class, "1"))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContainingAll(
                            "Failing failed", "rank 1: ", "broken on purpose", "printed by rank 0");
            assertThat(group.run(Failing.class, "-1")).containsExactly("whole", "whole");
            assertThat(group.log(1)).contains("printed by rank 1").doesNotContain("rank 0");
        }
    }

    @Test
    void aRankThatEnds_isAFailureOfItsCase_andOfTheNext() {
        try (RankGroup group = RankGroup.start(2, List.of(), rank -> Map.of())) {
            assertThat(group.outcomes(Ending.class))
                    .containsExactly(
                            new Outcome(false, "whole"),
                            new Outcome(true, "The process has ended."));
            assertThatThrownBy(() -> group.run(Telling.class))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("rank 1 has ended");
        }
    }
}
