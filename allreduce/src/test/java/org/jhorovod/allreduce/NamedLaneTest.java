package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
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
import java.util.function.Function;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.CommunicatorClosedException;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.PeerLostException;
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
import org.junit.jupiter.params.provider.ValueSource;

/** Tensors that ranks submit by name, each in its own order. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class NamedLaneTest {
    private static final int MANY = 2500;

    private static HostTensor ints(int count, int value) {
        HostTensor tensor = HostTensor.allocate(DataType.INT32, count);
        ByteBuffer buffer = count == 0 ? ByteBuffer.allocate(0) : tensor.buffers().get(0);
        for (int i = 0; i < count; i++) {
            buffer.putInt(i * Integer.BYTES, value);
        }
        return tensor;
    }

    private static HostTensor floats(int count, float value) {
        HostTensor tensor = HostTensor.allocate(DataType.FLOAT32, count);
        for (int i = 0; i < count; i++) {
            tensor.buffers().get(0).putFloat(i * Float.BYTES, value);
        }
        return tensor;
    }

    private static int firstInt(HostTensor tensor) {
        return tensor.buffers().get(0).getInt(0);
    }

    private static float firstFloat(HostTensor tensor) {
        return tensor.buffers().get(0).getFloat(0);
    }

    /** What a collective fails with on each rank, after which a barrier and a sum still work. */
    private static List<String> errors(
            InProcessCluster cluster, Function<NamedCommunicator, CompletableFuture<?>> program) {
        return cluster.runNamed(
                c -> {
                    String message = "no error";
                    try {
                        c.await(program.apply(c));
                    } catch (MismatchException e) {
                        message = String.valueOf(e.getMessage());
                    }
                    c.barrier("after");
                    HostTensor one = ints(3, 1);
                    c.allReduce("one", one, ReduceOp.SUM);
                    assertThat(firstInt(one)).isEqualTo(c.size());
                    return message;
                });
    }

    @ParameterizedTest
    @CsvSource({"2, 16", "3, 16", "4, 0", "4, 1", "1, 16"})
    void manyTensors_inAnotherOrderOnEachRank_fromSeveralThreads_areAllReduced(
            int size, int fusionMib) {
        Configuration settings =
                Configuration.of(Map.of(Settings.FUSION_MIB, String.valueOf(fusionMib)));
        try (InProcessCluster cluster =
                InProcessCluster.start(size, new InProcessTransport(), settings)) {
            for (int round = 0; round < 2; round++) {
                long seed = 7L + round;
                cluster.runNamed(c -> reduceAll(c, new Random(seed * 31 + c.rank())));
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

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
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
                                            .contains("Rank 0 submitted INT32[5]")
                                            .contains("rank 2 INT32[4]"));
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
                                            .contains("type", "FLOAT32[5]", "rank 1 INT32[5]"));
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
                                            .contains("root", "Rank 0", "root 0", "rank 1"));
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
        assertThat(firstFloat(seen))
                .isCloseTo((float) sum / takingPart, org.assertj.core.data.Offset.offset(1e-5f));
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
    void aStall_isReportedWithTheTensorTheRanksAndWhatTheMissingRankDoes_andEnds() {
        Configuration settings =
                Configuration.of(
                        Map.of(
                                Settings.STALL_WARNING, "0.3",
                                Settings.OPERATION_TIMEOUT, "1.5"));
        CountDownLatch over = new CountDownLatch(1);
        try (InProcessCluster cluster =
                InProcessCluster.start(3, new InProcessTransport(), settings)) {
            List<CompletableFuture<Integer>> ranks =
                    cluster.submitNamed(
                            c -> {
                                c.barrier("begin");
                                if (c.rank() == 2) {
                                    loadData(over);
                                    return 2;
                                }
                                assertThatThrownBy(() -> c.allReduce("w", ints(2, 1), ReduceOp.SUM))
                                        .isInstanceOf(OperationTimeoutException.class)
                                        .hasMessageContaining("'w'")
                                        .hasMessageContaining("rank 2")
                                        .hasMessageContaining("ranks 0, 1 submitted it")
                                        .hasMessageContaining("loadData")
                                        .hasMessageContaining("last it submitted 'begin'");
                                return c.rank();
                            });
            ranks.get(0).join();
            ranks.get(1).join();
            over.countDown();
            ranks.get(2).join();
        }
    }

    private static void loadData(CountDownLatch over) {
        await(over);
    }

    @Test
    void whatIsLeftUnsubmitted_failsWhenARankLeaves() {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            cluster.runNamed(
                    c -> {
                        c.allReduce("w", ints(2, 1), ReduceOp.SUM);
                        if (c.rank() == 1) {
                            c.close();
                            assertThatThrownBy(() -> c.barrier("late"))
                                    .isInstanceOf(CommunicatorClosedException.class);
                            return 1;
                        }
                        assertThatThrownBy(() -> c.allReduce("v", ints(2, 1), ReduceOp.SUM))
                                .isInstanceOf(PeerLostException.class)
                                .hasMessageContaining("Rank 1");
                        return c.rank();
                    });
        }
    }

    @Test
    void aFailureOfThePlannedLane_failsTheNamesToo() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            cluster.runNamed(
                    c -> {
                        CompletableFuture<Void> named = new CompletableFuture<>();
                        if (c.rank() == 0) {
                            named = c.allReduceAsync("w", ints(2, 1), ReduceOp.SUM);
                        }
                        Communicator planned = c.planned();
                        assertThatThrownBy(() -> planned.barrier("b" + c.rank()))
                                .isInstanceOf(CollectiveException.class);
                        if (c.rank() == 0) {
                            CompletableFuture<Void> failed = named;
                            assertThatThrownBy(() -> c.await(failed))
                                    .isInstanceOf(MismatchException.class);
                        }
                        return c.rank();
                    });
        }
    }
}
