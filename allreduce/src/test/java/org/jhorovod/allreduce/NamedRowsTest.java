package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.jhorovod.allreduce.NamedTensors.errors;
import static org.jhorovod.allreduce.NamedTensors.ints;
import static org.jhorovod.allreduce.NamedTensors.rows;
import static org.jhorovod.allreduce.NamedTensors.values;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.TensorShape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Collectives of rows, of which each rank may have another number. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class NamedRowsTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void rowsOfAllRanks_areGatheredInRankOrder_whereTheFirstDimensionDiffers(int size) {
        try (InProcessCluster cluster = InProcessCluster.start(size)) {
            for (int round = 0; round < 2; round++) {
                cluster.runNamed(
                        c -> {
                            HostTensor all = c.allGather("g", rows(c.rank(), 10 * c.rank()));
                            List<Integer> expected = new ArrayList<>();
                            for (int rank = 0; rank < size; rank++) {
                                expected.addAll(values(rows(rank, 10 * rank)));
                            }
                            assertThat(values(all)).isEqualTo(expected);
                            assertThat(all.shape())
                                    .isEqualTo(TensorShape.of(size * (size - 1L) / 2, 2));
                            return 0;
                        });
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 3", "2, 5", "3, 7", "4, 3", "4, 0"})
    void rowsOfTheSum_areShared_andTheFirstRanksTakeWhatIsLeftOver(int size, int count) {
        try (InProcessCluster cluster = InProcessCluster.start(size)) {
            List<List<Integer>> parts =
                    cluster.runNamed(
                            c -> {
                                HostTensor own = rows(count, c.rank());
                                HostTensor part =
                                        c.reduceScatter("r", own, Reduction.of(ReduceOp.SUM));
                                int rows = count / size + (c.rank() < count % size ? 1 : 0);
                                assertThat(part.shape()).isEqualTo(TensorShape.of(rows, 2));
                                assertThat(values(own)).isEqualTo(values(rows(count, c.rank())));
                                return values(part);
                            });
            List<Integer> all = new ArrayList<>();
            parts.forEach(all::addAll);
            int ofRanks = size * (size - 1) / 2;
            assertThat(all)
                    .isEqualTo(
                            values(rows(count, 0)).stream().map(v -> v * size + ofRanks).toList());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void rows_areExchanged_asManyAsEachRankSays(int size) {
        try (InProcessCluster cluster = InProcessCluster.start(size)) {
            cluster.runNamed(
                    c -> {
                        long[] toEach = new long[size];
                        int total = 0;
                        for (int rank = 0; rank < size; rank++) {
                            toEach[rank] = (long) rank + c.rank();
                            total += rank + c.rank();
                        }
                        NamedCommunicator.Received received =
                                c.allToAll("x", rows(total, 100 * c.rank()), toEach);
                        assertThat(received.rows()).isEqualTo(toEach); // as it is symmetric
                        List<Integer> expected = new ArrayList<>();
                        for (int from = 0; from < size; from++) {
                            int before = 0;
                            for (int rank = 0; rank < c.rank(); rank++) {
                                before += rank + from;
                            }
                            expected.addAll(values(rows(from + c.rank(), 100 * from + before)));
                        }
                        assertThat(values(received.tensor())).isEqualTo(expected);
                        HostTensor equal = c.allToAll("e", rows(size, 10 * c.rank())).tensor();
                        assertThat(equal.shape()).isEqualTo(TensorShape.of(size, 2));
                        return 0;
                    });
        }
    }

    @Test
    void rowsThatCannotBeSent_areRefusedAtTheCall() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            cluster.runNamed(
                    c -> {
                        assertThatThrownBy(() -> c.allToAllAsync("x", rows(3, 0)))
                                .isInstanceOf(IllegalArgumentException.class)
                                .hasMessageContaining("each of 2 ranks");
                        assertThatThrownBy(() -> c.allToAllAsync("x", rows(3, 0), 1, 1))
                                .isInstanceOf(IllegalArgumentException.class)
                                .hasMessageContaining("2 rows")
                                .hasMessageContaining("has 3");
                        assertThatThrownBy(() -> c.allToAllAsync("x", rows(3, 0), 1, 1, 1))
                                .isInstanceOf(IllegalArgumentException.class)
                                .hasMessageContaining("there are 2 ranks");
                        assertThatThrownBy(() -> c.allToAllAsync("x", rows(3, 0), 4, -1))
                                .isInstanceOf(IllegalArgumentException.class)
                                .hasMessageContaining("-1");
                        HostTensor scalar = ints(1, 1).reshape(TensorShape.of());
                        Reduction sum = Reduction.of(ReduceOp.SUM);
                        assertThatThrownBy(() -> c.reduceScatterAsync("x", scalar, sum))
                                .isInstanceOf(IllegalArgumentException.class)
                                .hasMessageContaining("scalar");
                        c.barrier("after");
                        return 0;
                    });
            assertThat(
                            errors(
                                    cluster,
                                    c ->
                                            c.allGatherAsync(
                                                    "g", c.rank() == 0 ? rows(2, 0) : ints(4, 0))))
                    .allSatisfy(text -> assertThat(text).contains("dimensions", "[2, 2]", "[4]"));
            assertThat(
                            errors(
                                    cluster,
                                    c ->
                                            c.allGatherAsync(
                                                    "g",
                                                    ints(6, 0)
                                                            .reshape(
                                                                    c.rank() == 0
                                                                            ? TensorShape.of(2, 3)
                                                                            : TensorShape.of(
                                                                                    3, 2)))))
                    .allSatisfy(text -> assertThat(text).contains("first dimension may differ"));
        }
    }
}
