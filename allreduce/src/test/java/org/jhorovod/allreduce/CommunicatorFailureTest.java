package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.CommunicatorClosedException;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.engine.EngineCommunicator;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.jhorovod.allreduce.transport.tcp.TcpTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What ranks are told when they disagree, stay away or leave. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CommunicatorFailureTest {
    private static final Configuration SHORT =
            Configuration.of(
                    Map.of(Settings.OPERATION_TIMEOUT, "2", Settings.LIVENESS_TIMEOUT, "3"));

    private static HostTensor floats(int count) {
        return HostTensor.allocate(DataType.FLOAT32, count);
    }

    private static Arguments calls(
            String what, Consumer<Communicator> usual, Consumer<Communicator> odd, String... said) {
        return Arguments.of(what, usual, odd, List.of(said));
    }

    static Stream<Arguments> mismatches() {
        Consumer<Communicator> sum = c -> c.allReduce("w", floats(10), ReduceOp.SUM);
        return Stream.of(
                calls(
                        "count",
                        sum,
                        c -> c.allReduce("w", floats(11), ReduceOp.SUM),
                        "FLOAT32[10]",
                        "FLOAT32[11]"),
                calls(
                        "type",
                        sum,
                        c ->
                                c.allReduce(
                                        "w", HostTensor.allocate(DataType.INT32, 10), ReduceOp.SUM),
                        "FLOAT32[10]",
                        "INT32[10]"),
                calls(
                        "operation",
                        sum,
                        c -> c.allReduce("w", floats(10), ReduceOp.MAX),
                        "all-reduce SUM",
                        "all-reduce MAX"),
                calls("name", sum, c -> c.allReduce("v", floats(10), ReduceOp.SUM), "'w'", "'v'"),
                calls(
                        "root",
                        c -> c.broadcast("w", floats(10), 0),
                        c -> c.broadcast("w", floats(10), 1),
                        "root 0",
                        "root 1"),
                calls(
                        "collective",
                        sum,
                        c -> c.barrier("end"),
                        "all-reduce SUM of 'w'",
                        "barrier 'end'"));
    }

    @ParameterizedTest(name = "another {0}")
    @MethodSource("mismatches")
    void everyRankIsToldBothRanksAndBothCalls_whenOneRankCallsAnother(
            String what,
            Consumer<Communicator> usual,
            Consumer<Communicator> odd,
            List<String> said) {
        try (InProcessCluster cluster = InProcessCluster.start(3, new TcpTransport(), SHORT)) {
            long start = System.nanoTime();
            List<CollectiveException> failures =
                    failures(
                            cluster,
                            c -> {
                                c.barrier("begin");
                                (c.rank() == 1 ? odd : usual).accept(c);
                                // A rank whose part was done before may hear of it at its next
                                // call.
                                c.barrier("next");
                                return c.rank();
                            });
            assertThat(failures)
                    .hasSize(3)
                    .allSatisfy(
                            e -> {
                                assertThat(e).isInstanceOf(MismatchException.class);
                                assertThat(e).hasMessageContainingAll(said.toArray(new String[0]));
                                assertThat(e.getMessage())
                                        .contains("rank 1")
                                        .containsPattern("rank [02]");
                            });
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(3));
        }
    }

    @Test
    void theCommunicatorStaysFailed_afterAMismatch() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            Function<Communicator, Integer> program =
                    c -> {
                        c.barrier(c.rank() == 0 ? "one" : "other");
                        return c.rank();
                    };
            assertThat(failures(cluster, program)).hasSize(2);
            assertThat(
                            failures(
                                    cluster,
                                    c -> {
                                        c.barrier("same");
                                        return c.rank();
                                    }))
                    .hasSize(2)
                    .allSatisfy(e -> assertThat(e).isInstanceOf(MismatchException.class));
        }
    }

    @Test
    void aRankThatStaysAway_isNamedAfterTheOperationDeadline() {
        try (InProcessCluster cluster =
                InProcessCluster.start(3, new InProcessTransport(3), SHORT)) {
            List<CollectiveException> failures =
                    failures(
                            cluster,
                            c -> {
                                c.barrier("begin");
                                if (c.rank() != 2) {
                                    c.allReduce("gradient", floats(100), ReduceOp.SUM);
                                }
                                return c.rank();
                            });
            assertThat(failures)
                    .hasSize(2)
                    .allSatisfy(
                            e ->
                                    assertThat(e)
                                            .isInstanceOf(OperationTimeoutException.class)
                                            .hasMessageContainingAll(
                                                    "Rank 2 on localhost",
                                                    "'gradient'",
                                                    "barrier 'begin'",
                                                    "JHOROVOD_OPERATION_TIMEOUT_SECONDS"));
        }
    }

    @Test
    void aRankThatLeavesEarly_isNamedByTheNextOperation() {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            List<CollectiveException> failures =
                    failures(
                            cluster,
                            c -> {
                                c.barrier("begin");
                                if (c.rank() == 1) {
                                    c.close();
                                    return 1;
                                }
                                c.allReduce("gradient", floats(100), ReduceOp.SUM);
                                return c.rank();
                            });
            assertThat(failures)
                    .hasSize(2)
                    .allSatisfy(
                            e -> {
                                assertThat(e)
                                        .isInstanceOf(PeerLostException.class)
                                        .hasMessageContainingAll(
                                                "Rank 1 on localhost", "left", "'gradient'");
                                assertThat(((PeerLostException) e).lostRank()).isEqualTo(1);
                            });
        }
    }

    @Test
    void aRankThatEndsInTheMiddleOfACollective_isLost_andNotSaidToHaveLeftInGoodOrder() {
        CountDownLatch rank1Ended = new CountDownLatch(1);
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            List<CollectiveException> failures =
                    failures(
                            cluster,
                            c -> {
                                c.barrier("begin");
                                if (c.rank() == 2) {
                                    CompletableFuture<Void> pending =
                                            c.allReduceAsync("w", floats(9), ReduceOp.SUM);
                                    ((EngineCommunicator) c).close(Duration.ZERO);
                                    assertThat(pending).isCompletedExceptionally();
                                    return 2;
                                }
                                if (c.rank() == 1) {
                                    try {
                                        c.allReduce("w", floats(9), ReduceOp.SUM);
                                    } finally {
                                        rank1Ended.countDown();
                                    }
                                }
                                // Rank 0 stays away, so that the others' collective cannot end.
                                awaitSoon(rank1Ended);
                                c.barrier("end");
                                return c.rank();
                            });
            assertThat(failures)
                    .hasSize(2)
                    .allSatisfy(
                            e ->
                                    assertThat(e)
                                            .isInstanceOf(PeerLostException.class)
                                            .hasMessageContainingAll(
                                                    "Rank 2", "in the middle of a collective"));
        }
    }

    private static void awaitSoon(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatIsCompleteBeforeAPeerLeaves_staysComplete() {
        try (InProcessCluster cluster = InProcessCluster.start(4, new TcpTransport(), SHORT)) {
            List<Integer> ranks =
                    cluster.run(
                            c -> {
                                for (int i = 0; i < 50; i++) {
                                    c.allReduce("w" + i, floats(10_000), ReduceOp.SUM);
                                }
                                c.close();
                                return c.rank();
                            });
            assertThat(ranks).containsExactly(0, 1, 2, 3);
        }
    }

    @Test
    void aCallAfterClose_saysSo() {
        try (InProcessCluster cluster = InProcessCluster.start(1)) {
            Communicator communicator = cluster.communicators().get(0);
            communicator.close();
            assertThatThrownBy(() -> communicator.barrier("late"))
                    .isInstanceOf(CommunicatorClosedException.class)
                    .hasMessageContaining("barrier 'late'");
        }
    }

    @Test
    void wrongArguments_areRefusedBeforeAnythingIsSent() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            Communicator c = cluster.communicators().get(0);
            assertThatThrownBy(() -> c.broadcastAsync("w", floats(1), 2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("root 2");
            assertThatThrownBy(() -> c.allGatherAsync("w", floats(3), floats(5)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("FLOAT32[6]");
            assertThatThrownBy(() -> c.barrierAsync(""))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(
                            cluster.run(
                                    all -> {
                                        all.barrier("still fine");
                                        return all.size();
                                    }))
                    .containsExactly(2, 2);
        }
    }

    private static <T> List<CollectiveException> failures(
            InProcessCluster cluster, Function<Communicator, T> program) {
        List<CollectiveException> failures = new ArrayList<>();
        for (CompletableFuture<T> future : cluster.submit(program)) {
            try {
                future.get(30, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof CollectiveException cause) {
                    failures.add(cause);
                } else {
                    throw new AssertionError(e.getCause());
                }
            } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
                throw new AssertionError("a rank hangs", e);
            }
        }
        return failures;
    }
}
