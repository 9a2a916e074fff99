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
import java.util.function.Function;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.CommunicatorClosedException;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.engine.EngineCommunicator;
import org.jhorovod.allreduce.transport.tcp.TcpTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What ranks are told when they disagree, leave, or call wrongly, beyond what the conformance suite
 * asks of every backend.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CommunicatorFailureTest {
    private static final Configuration SHORT =
            Configuration.of(
                    Map.of(Settings.OPERATION_TIMEOUT, "2", Settings.LIVENESS_TIMEOUT, "3"));

    private static HostTensor floats(int count) {
        return HostTensor.allocate(DataType.FLOAT32, count);
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
    void aRankThatEndsInTheMiddleOfACollective_isLost_andNotSaidToHaveLeftInGoodOrder() {
        CountDownLatch rank1Ended = new CountDownLatch(1);
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            List<CollectiveException> failures =
                    failures(
                            cluster,
                            c -> {
                                if (c.rank() == 1) {
                                    try {
                                        // Word of rank 2's end may come in the barrier already.
                                        c.barrier("begin");
                                        c.allReduce("w", floats(9), ReduceOp.SUM);
                                    } finally {
                                        rank1Ended.countDown();
                                    }
                                    return 1;
                                }
                                c.barrier("begin");
                                if (c.rank() == 2) {
                                    CompletableFuture<Void> pending =
                                            c.allReduceAsync("w", floats(9), ReduceOp.SUM);
                                    ((EngineCommunicator) c).close(Duration.ZERO);
                                    assertThat(pending).isCompletedExceptionally();
                                    return 2;
                                }
                                // Rank 0 stays away, so that the others' collective cannot end.
                                awaitSoon(rank1Ended);
                                // The same call: word of the end may be slower than rank 2's
                                // header.
                                c.allReduce("w", floats(9), ReduceOp.SUM);
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
            HostTensor truths = HostTensor.allocate(DataType.BOOL, 3);
            assertThatThrownBy(() -> c.allReduceAsync("mask", truths, ReduceOp.SUM))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("'mask'", "SUM of BOOL[3]", "MIN", "MAX", "INT32");
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
