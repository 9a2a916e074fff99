package org.jhorovod.allreduce.fusion;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jhorovod.allreduce.fusion.FusionPlanner.Candidate;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class FusionPlannerTest {

    @Test
    void tensorsOfAKind_runTogether_inTheirOrder_upToTheMostBytes() {
        List<List<String>> batches =
                new FusionPlanner(10)
                        .plan(
                                List.of(
                                        new Candidate<>("a", "sum", 4),
                                        new Candidate<>("x", "max", 4),
                                        new Candidate<>("b", "sum", 6),
                                        new Candidate<>("c", "sum", 1),
                                        new Candidate<>("y", "max", 4),
                                        new Candidate<>("alone", Candidate.ALONE, 1)));
        assertThat(batches)
                .containsExactly(
                        List.of("a", "b"), List.of("x", "y"), List.of("c"), List.of("alone"));
    }

    @RepeatedTest(20)
    void everyTensor_isInOneBatch_ofItsKind_thatIsNoLargerThanAllowed(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        FusionPlanner planner = new FusionPlanner(random.nextInt(100));
        List<Candidate<Integer>> ready = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Object kind = random.nextInt(5) == 0 ? Candidate.ALONE : random.nextInt(3);
            ready.add(new Candidate<>(i, kind, random.nextInt(60)));
        }
        Set<Integer> seen = new HashSet<>();
        for (List<Integer> batch : planner.plan(ready)) {
            Object kind = ready.get(batch.get(0)).kind();
            long byteCount = batch.stream().mapToLong(i -> ready.get(i).byteCount()).sum();
            assertThat(batch).isSorted().allMatch(seen::add);
            assertThat(batch).allMatch(i -> ready.get(i).kind().equals(kind));
            assertThat(batch.size() == 1 || byteCount <= planner.mostBytes()).isTrue();
            assertThat(batch.size() == 1 || kind != Candidate.ALONE).isTrue();
        }
        assertThat(seen).hasSize(ready.size());
    }
}
