package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.jhorovod.allreduce.NamedTensors.await;
import static org.jhorovod.allreduce.NamedTensors.ints;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.CommunicatorClosedException;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of names that some ranks do not submit, or cannot. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class NamedFailureTest {

    @Test
    void case33_aStall_isReportedWithTheTensorTheRanksAndWhatTheMissingRankDoes_andEnds() {
        CountDownLatch over = new CountDownLatch(1);
        try (InProcessCluster cluster = startImpatient(3)) {
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

    /** Rank 3 leaves out a tensor; ranks 1 and 2 wait for it, and so do not submit the next one. */
    @Test
    void aStall_isBlamedOnWhomTheOldestTensorWaitsFor() {
        CountDownLatch over = new CountDownLatch(1);
        try (InProcessCluster cluster = startImpatient(4)) {
            List<CompletableFuture<Integer>> ranks =
                    cluster.submitNamed(
                            c -> {
                                c.barrier("begin");
                                if (c.rank() == 3) {
                                    await(over);
                                    return 3;
                                }
                                CompletableFuture<Void> x =
                                        c.allReduceAsync("x", ints(2, 1), ReduceOp.SUM);
                                CompletableFuture<Void> y =
                                        c.rank() == 0
                                                ? c.allReduceAsync("y", ints(2, 1), ReduceOp.SUM)
                                                : x;
                                assertThatThrownBy(() -> c.await(x))
                                        .isInstanceOfSatisfying(
                                                OperationTimeoutException.class,
                                                e -> assertThat(e.missingRank()).hasValue(3));
                                assertThat(y).isCompletedExceptionally();
                                return c.rank();
                            });
            ranks.subList(0, 3).forEach(CompletableFuture::join);
            over.countDown();
            ranks.get(3).join();
        }
    }

    /** Ranks that soon tell of a stall, and end it. */
    private static InProcessCluster startImpatient(int size) {
        Configuration settings =
                Configuration.of(
                        Map.of(
                                Settings.STALL_WARNING, "0.3",
                                Settings.OPERATION_TIMEOUT, "1.5"));
        return InProcessCluster.start(size, new InProcessTransport(), settings);
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

    @Test
    void aGroupThatCannotBeSubmittedAsAWhole_isNotSubmittedAtAll() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            cluster.runNamed(
                    c -> {
                        Reduction sum = Reduction.of(ReduceOp.SUM);
                        HostTensor truth = HostTensor.allocate(DataType.BOOL, 1);
                        assertThatThrownBy(
                                        () ->
                                                c.groupedAllReduceAsync(
                                                        "g", List.of(ints(1, 1), truth), sum))
                                .isInstanceOf(IllegalArgumentException.class);
                        assertThatThrownBy(
                                        () -> c.groupedAllReduceAsync("", List.of(ints(1, 1)), sum))
                                .isInstanceOf(IllegalArgumentException.class);
                        c.groupedAllReduce("g", List.of(ints(1, 1), ints(2, 1)), sum);
                        return 0;
                    });
        }
    }
}
