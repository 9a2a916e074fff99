package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.jhorovod.allreduce.NamedTensors.await;
import static org.jhorovod.allreduce.NamedTensors.errors;
import static org.jhorovod.allreduce.NamedTensors.firstFloat;
import static org.jhorovod.allreduce.NamedTensors.firstInt;
import static org.jhorovod.allreduce.NamedTensors.floats;
import static org.jhorovod.allreduce.NamedTensors.ints;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tensors that ranks submit by name, each in its own order. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class NamedLaneTest {

    private static final boolean IS_LONG = Boolean.getBoolean("jhorovod.test.long");
    private static final int MANY = IS_LONG ? 10_000 : 2500;
    private static final int SEEDS = IS_LONG ? 20 : 2;

    @ParameterizedTest
    @CsvSource({"2, 16", "3, 16", "4, 0", "4, 1", "1, 16"})
    void manyTensors_inAnotherOrderOnEachRank_fromSeveralThreads_areAllReduced(
            int size, int fusionMib) {
        Configuration settings =
                Configuration.of(Map.of(Settings.FUSION_MIB, String.valueOf(fusionMib)));
        try (InProcessCluster cluster =
                InProcessCluster.start(size, new InProcessTransport(), settings)) {
            for (int seed = 0; seed < SEEDS; seed++) {
                int first = 31 * seed;
                cluster.runNamed(c -> reduceAll(c, new Random(first + c.rank())));
            }
        }
    }

    private static int reduceAll(NamedCommunicator c, Random random) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            order.add(i);
        }
        Collections.shuffle(order, random);
        Map<Integer, HostTensor> tensors = new ConcurrentHashMap<>();
        Map<Integer, CompletableFuture<Void>> futures = new ConcurrentHashMap<>();
        List<CompletableFuture<Void>> threads = new ArrayList<>();
        for (int thread = 0; thread < 3; thread++) {
            List<Integer> part = order.subList(thread * MANY / 3, (thread + 1) * MANY / 3);
            threads.add(
                    CompletableFuture.runAsync(
                            () ->
                                    part.forEach(
                                            i -> {
                                                HostTensor tensor = tensor(i, c.rank());
                                                tensors.put(i, tensor);
                                                futures.put(
                                                        i,
                                                        c.allReduceAsync(
                                                                "t" + i, tensor, ReduceOp.SUM));
                                            })));
        }
        threads.forEach(CompletableFuture::join);
        int ranks = c.size() * (c.size() + 1) / 2;
        for (int i = 0; i < MANY; i++) {
            c.await(Objects.requireNonNull(futures.get(i)));
            HostTensor tensor = Objects.requireNonNull(tensors.get(i));
            if (tensor.elementCount() > 0) {
                double sum =
                        tensor.type() == DataType.INT32 ? firstInt(tensor) : firstFloat(tensor);
                assertThat(sum)
                        .as("t%d on rank %d", i, c.rank())
                        .isEqualTo(ranks + i % 5 * c.size());
            }
        }
        return c.rank();
    }

    private static HostTensor tensor(int i, int rank) {
        int count = i % 7 * (i % 100 == 3 ? 1000 : 1);
        int value = rank + 1 + i % 5;
        return i % 2 == 0 ? ints(count, value) : floats(count, value);
    }

    @Test
    void namesOfTwoRanks_inOppositeOrder_doNotWaitForEachOther_norThePlannedLaneForThem() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            CountDownLatch isPlannedDone = new CountDownLatch(2);
            List<Integer> sums =
                    cluster.runNamed(
                            c -> {
                                HostTensor late = ints(1, 1);
                                CompletableFuture<Void> future = new CompletableFuture<>();
                                if (c.rank() == 0) {
                                    future = c.allReduceAsync("late", late, ReduceOp.SUM);
                                }
                                c.planned().barrier("planned");
                                isPlannedDone.countDown();
                                await(isPlannedDone);
                                if (c.rank() == 1) {
                                    future = c.allReduceAsync("late", late, ReduceOp.SUM);
                                }
                                c.await(future);
                                return firstInt(late);
                            });
            assertThat(sums).containsExactly(2, 2);
        }
    }

    @Test
    void ranksThatDisagree_areToldTheTensorBothRanksAndBothValues_andGoOn() {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            assertThat(
                            errors(
                                    cluster,
                                    c ->
                                            c.allReduceAsync(
                                                    "w",
                                                    ints(c.rank() == 2 ? 4 : 5, 1),
                                                    ReduceOp.SUM)))
                    .allSatisfy(
                            text ->
                                    assertThat(text)
                                            .contains("'w'", "shape")
                                            .containsPattern("rank 0 on \\S+ submitted INT32\\[5]")
                                            .containsPattern("rank 2 on \\S+ INT32\\[4]"));
            assertThat(
                            errors(
                                    cluster,
                                    c ->
                                            c.allReduceAsync(
                                                    "w",
                                                    c.rank() == 1 ? ints(5, 1) : floats(5, 1),
                                                    ReduceOp.SUM)))
                    .allSatisfy(
                            text ->
                                    assertThat(text)
                                            .contains("type", "FLOAT32[5]")
                                            .containsPattern("rank 1 on \\S+ INT32\\[5]"));
            assertThat(
                            errors(
                                    cluster,
                                    c ->
                                            c.allReduceAsync(
                                                    "w",
                                                    ints(6, 1)
                                                            .reshape(
                                                                    c.rank() == 1
                                                                            ? TensorShape.of(2, 3)
                                                                            : TensorShape.of(6)),
                                                    ReduceOp.SUM)))
                    .allSatisfy(
                            text ->
                                    assertThat(text)
                                            .contains("dimensions", "INT32[6]", "INT32[2, 3]"));
            assertThat(
                            errors(
                                    cluster,
                                    c ->
                                            c.allReduceAsync(
                                                    "w",
                                                    ints(5, 1),
                                                    c.rank() == 0 ? ReduceOp.MIN : ReduceOp.MAX)))
                    .allSatisfy(text -> assertThat(text).contains("reduction", "MIN", "MAX"));
            assertThat(errors(cluster, c -> c.broadcastAsync("w", ints(5, 1), c.rank())))
                    .allSatisfy(
                            text ->
                                    assertThat(text)
                                            .contains("root", "rank 0", "root 0", "rank 1"));
            assertThat(
                            errors(
                                    cluster,
                                    c ->
                                            c.rank() == 0
                                                    ? c.barrierAsync("w")
                                                    : c.broadcastAsync("w", ints(1, 1), 0)))
                    .allSatisfy(
                            text -> assertThat(text).contains("operation", "barrier", "broadcast"));
        }
    }

    @Test
    void aNameThatIsUnderWay_isRefusedAtTheCall_andFreeAfterwards() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            CountDownLatch refused = new CountDownLatch(1);
            cluster.runNamed(
                    c -> {
                        if (c.rank() == 1) {
                            await(refused);
                        }
                        CompletableFuture<Void> first =
                                c.allReduceAsync("w", ints(2, 1), ReduceOp.SUM);
                        if (c.rank() == 0) {
                            assertThatThrownBy(
                                            () -> c.allReduceAsync("w", ints(2, 1), ReduceOp.SUM))
                                    .isInstanceOf(MismatchException.class)
                                    .hasMessageContaining("'w'")
                                    .hasMessageContaining("under way");
                            refused.countDown();
                        }
                        c.await(first);
                        c.allReduce("w", ints(2, 1), ReduceOp.SUM);
                        return 0;
                    });
        }
    }

    @Test
    void aGroup_runsOnceAllOfItsTensorsAreThere_orFailsAsOne() {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            List<Integer> sums =
                    cluster.runNamed(
                            c -> {
                                List<HostTensor> tensors =
                                        List.of(ints(3, 1), ints(4, 2), ints(0, 0), ints(5, 3));
                                c.groupedAllReduce("g", tensors, Reduction.of(ReduceOp.SUM));
                                return firstInt(tensors.get(0))
                                        + firstInt(tensors.get(1))
                                        + firstInt(tensors.get(3));
                            });
            assertThat(sums).containsOnly(18);
            List<String> texts =
                    errors(
                            cluster,
                            c -> {
                                List<HostTensor> tensors =
                                        List.of(ints(3, 1), ints(c.rank() == 1 ? 9 : 4, 2));
                                CompletableFuture<Void> group =
                                        c.groupedAllReduceAsync(
                                                "g", tensors, Reduction.of(ReduceOp.SUM));
                                group.exceptionally(e -> null).join();
                                assertThat(firstInt(tensors.get(0))).isEqualTo(1);
                                return group.handle(
                                        (none, e) -> {
                                            throw (MismatchException) e.getCause();
                                        });
                            });
            assertThat(texts).allSatisfy(text -> assertThat(text).contains("'g/1'", "INT32[9]"));
        }
    }

    @Test
    void aGroupThatFillsSeveralLetters_isAnnouncedAsOne() {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            for (int round = 0; round < 2; round++) {
                int odd = round == 0 ? -1 : 1;
                List<String> texts =
                        errors(
                                cluster,
                                c -> {
                                    List<HostTensor> tensors = new ArrayList<>();
                                    for (int i = 0; i < 3000; i++) {
                                        tensors.add(ints(c.rank() == odd && i == 0 ? 2 : 1, 1));
                                    }
                                    return c.groupedAllReduceAsync(
                                            "a group of many tensors",
                                            tensors,
                                            Reduction.of(ReduceOp.SUM));
                                });
                assertThat(texts)
                        .allSatisfy(text -> assertThat(text.equals("no error")).isEqualTo(odd < 0));
            }
        }
    }
}
