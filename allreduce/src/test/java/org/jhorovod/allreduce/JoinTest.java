package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.jhorovod.allreduce.NamedTensors.firstFloat;
import static org.jhorovod.allreduce.NamedTensors.firstInt;
import static org.jhorovod.allreduce.NamedTensors.floats;
import static org.jhorovod.allreduce.NamedTensors.ints;
import static org.jhorovod.allreduce.NamedTensors.rows;
import static org.jhorovod.allreduce.NamedTensors.values;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks that have nothing more to submit. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class JoinTest {

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void aRankThatHasJoined_isLeftOutOfEveryReduction(int size) {
        for (int first = 0; first < size; first++) {
            int joinsFirst = first;
            try (InProcessCluster cluster = InProcessCluster.start(size)) {
                List<Integer> last =
                        cluster.runNamed(
                                c -> {
                                    c.allReduce("seen", floats(3, c.rank()), ReduceOp.AVERAGE);
                                    if (c.rank() != joinsFirst) {
                                        reduceWithout(c, joinsFirst);
                                    }
                                    return c.await(c.joinAsync());
                                });
                assertThat(last).doesNotContain(joinsFirst);
                assertThat(Collections.frequency(last, last.get(0))).isEqualTo(size);
                assertThat(cluster.runNamed(c -> sumOfOnes(c))).containsOnly(size);
            }
        }
    }

    private static int sumOfOnes(NamedCommunicator c) {
        HostTensor one = ints(1, 1);
        c.allReduce("one", one, ReduceOp.SUM);
        return firstInt(one);
    }

    private static void reduceWithout(NamedCommunicator c, int absent) {
        int sum = 0;
        int product = 1;
        int least = Integer.MAX_VALUE;
        int most = 0;
        for (int rank = 0; rank < c.size(); rank++) {
            if (rank != absent) {
                sum += 3 * (rank + 1);
                product *= 3 * (rank + 1);
                least = Math.min(least, 3 * (rank + 1));
                most = Math.max(most, 3 * (rank + 1));
            }
        }
        int own = 3 * (c.rank() + 1);
        int takingPart = c.size() - 1;
        Map<ReduceOp, Integer> expected =
                Map.of(
                        ReduceOp.SUM, sum,
                        ReduceOp.PRODUCT, product,
                        ReduceOp.MIN, least,
                        ReduceOp.MAX, most,
                        ReduceOp.AVERAGE, sum / takingPart);
        expected.forEach(
                (op, value) -> {
                    HostTensor tensor = ints(7, own);
                    c.allReduce("new " + op, tensor, op);
                    assertThat(firstInt(tensor)).as("%s without %d", op, absent).isEqualTo(value);
                });
        HostTensor seen = floats(3, own);
        c.allReduce("seen", seen, ReduceOp.AVERAGE);
        assertThat(firstFloat(seen)).isCloseTo((float) sum / takingPart, offset(1e-5f));
        c.barrier("without");
        int root = absent == 0 ? 1 : 0;
        HostTensor sent = ints(2, c.rank() == root ? 42 : 0);
        c.broadcast("sent", sent, root);
        assertThat(firstInt(sent)).isEqualTo(42);
        assertThatThrownBy(() -> c.broadcast("from", ints(2, 1), absent))
                .isInstanceOf(MismatchException.class)
                .hasMessageContaining("joined");
    }

    @Test
    void aRankThatHasJoined_hasNoRows_andWhatNeedsItFails() {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            cluster.runNamed(
                    c -> {
                        if (c.rank() != 1) {
                            HostTensor all = c.allGather("g", rows(1, c.rank()));
                            assertThat(values(all)).containsExactly(0, 0, 2, 2);
                            HostTensor part =
                                    c.reduceScatter(
                                            "r", rows(3, c.rank()), Reduction.of(ReduceOp.AVERAGE));
                            assertThat(values(part))
                                    .isEqualTo(c.rank() == 0 ? List.of(1, 1) : List.of(3, 3));
                            assertThatThrownBy(() -> c.allToAll("x", rows(3, 0)))
                                    .isInstanceOf(MismatchException.class)
                                    .hasMessageMatching("(?s).*rank 1 on \\S+ has joined.*");
                        }
                        return c.await(c.joinAsync());
                    });
        }
    }
}
