package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.jhorovod.allreduce.NamedTensors.firstInt;
import static org.jhorovod.allreduce.NamedTensors.ints;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.ProcessSet;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sets of ranks with collectives of their own. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ProcessSetTest {

    @Test
    void processSets_reduceBesideEachOther_andAreTheSameInAnyOrderOfTheirRanks() {
        try (InProcessCluster cluster = InProcessCluster.start(4)) {
            List<List<Integer>> sums =
                    cluster.runNamed(
                            c -> {
                                ProcessSet even = c.addProcessSet(List.of(2, 0));
                                ProcessSet three = c.addProcessSet(List.of(1, 2, 3));
                                List<Integer> found = new ArrayList<>(List.of(even.id()));
                                found.add(three.id());
                                for (ProcessSet set : List.of(three, even)) {
                                    HostTensor tensor = ints(2, 1 << c.rank());
                                    if (set.isMember()) {
                                        set.communicator()
                                                .allReduce("same name", tensor, ReduceOp.SUM);
                                        set.communicator().barrier("in the set");
                                    }
                                    found.add(firstInt(tensor));
                                }
                                c.barrier("all");
                                assertThat(even.ranks()).containsExactly(0, 2);
                                assertThatThrownBy(() -> c.addProcessSet(List.of(0, 2)))
                                        .isInstanceOf(IllegalArgumentException.class)
                                        .hasMessageContaining("process set 1 already");
                                even.close();
                                ProcessSet again = c.addProcessSet(List.of(0, 2));
                                assertThat(again.id()).isEqualTo(3);
                                if (!again.isMember()) {
                                    assertThatThrownBy(again::communicator)
                                            .isInstanceOf(IllegalStateException.class)
                                            .hasMessageContaining("not in it");
                                }
                                assertThatThrownBy(even::communicator)
                                        .isInstanceOf(IllegalStateException.class);
                                return found;
                            });
            assertThat(sums)
                    .containsExactly(
                            List.of(1, 2, 1, 0b101),
                            List.of(1, 2, 0b1110, 2),
                            List.of(1, 2, 0b1110, 0b101),
                            List.of(1, 2, 0b1110, 8));
        }
    }

    @Test
    void ranksThatDisagreeOnAProcessSet_areToldBoth_andBadOnesAreRefusedAtTheCall() {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            cluster.runNamed(
                    c -> {
                        assertThatThrownBy(() -> c.addProcessSet(List.of(0, c.rank() == 1 ? 2 : 1)))
                                .isInstanceOf(MismatchException.class)
                                .hasMessageContaining("[0, 1]")
                                .hasMessageContaining("[0, 2]");
                        for (List<Integer> bad :
                                List.of(List.<Integer>of(), List.of(1, 1), List.of(3))) {
                            assertThatThrownBy(() -> c.addProcessSet(bad))
                                    .isInstanceOf(IllegalArgumentException.class);
                        }
                        ProcessSet two = c.addProcessSet(List.of(0, 1));
                        c.barrier("after");
                        return two.id();
                    });
        }
    }
}
