package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.jhorovod.allreduce.NamedTensors.await;
import static org.jhorovod.allreduce.NamedTensors.ints;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.ProcessSet;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** What is told of ranks that do not call what the others have called, in one order or in a set. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PlannedStallTest {
    private static final Logger root =
            (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final CountDownLatch over = new CountDownLatch(1);

    @BeforeEach
    void listen() {
        log.start();
        root.addAppender(log);
    }

    @AfterEach
    void stopListening() {
        over.countDown();
        root.detachAppender(log);
    }

    private static InProcessCluster start(int size, String warning, String end) {
        Configuration settings =
                Configuration.of(
                        Map.of(Settings.STALL_WARNING, warning, Settings.OPERATION_TIMEOUT, end));
        return InProcessCluster.start(size, new InProcessTransport(), settings);
    }

    private void loadData() {
        await(over);
    }

    /** What the program fails with on the ranks that run it; the last rank loads data instead. */
    private List<Throwable> failures(
            InProcessCluster cluster,
            Set<Integer> running,
            Function<NamedCommunicator, Runnable> program) {
        List<CompletableFuture<Throwable>> ranks =
                cluster.submitNamed(
                        c -> {
                            c.planned().barrier("begin");
                            Runnable collective = program.apply(c);
                            if (c.rank() == c.size() - 1) {
                                loadData();
                            }
                            return running.contains(c.rank())
                                    ? catchThrowable(collective::run)
                                    : new AssertionError("not run");
                        });
        List<Throwable> failures = new ArrayList<>();
        running.forEach(rank -> failures.add(ranks.get(rank).join()));
        over.countDown();
        ranks.forEach(CompletableFuture::join);
        return failures;
    }

    private static OptionalInt missing(Throwable failure) {
        return ((OperationTimeoutException) failure).missingRank();
    }

    private List<String> reports() {
        return log.list.stream()
                .filter(event -> event.getLevel() == Level.WARN)
                .map(ILoggingEvent::getFormattedMessage)
                .filter(text -> text.contains("waits since"))
                .toList();
    }

    @Test
    void aRankThatDoesNotCallWhatTheOthersWaitIn_isReportedOnce_withItsStack_andInTheFailure() {
        try (InProcessCluster cluster = start(4, "0.5", "5")) {
            List<Throwable> failures =
                    failures(
                            cluster,
                            Set.of(0, 1, 2),
                            c -> () -> c.planned().allReduce("w", ints(2, 1), ReduceOp.SUM));

            assertThat(failures)
                    .hasSize(3)
                    .allSatisfy(
                            failure ->
                                    assertThat(failure)
                                            .isInstanceOf(OperationTimeoutException.class)
                                            .hasMessageContainingAll(
                                                    "'w'", "Rank 3 on localhost", "loadData")
                                            .extracting(PlannedStallTest::missing)
                                            .as("known to those who were only told, too")
                                            .isEqualTo(OptionalInt.of(3)));
            assertThat(reports())
                    .singleElement()
                    .satisfies(
                            report ->
                                    assertThat(report)
                                            .startsWith("Stalled: rank ")
                                            .contains("operation 2, all-reduce SUM of 'w'")
                                            .contains("for rank 3.")
                                            .contains("Rank 3 on localhost: last it called")
                                            .contains("operation 1, barrier 'begin'")
                                            .contains("PlannedStallTest.loadData")
                                            .contains("Look for a branch, a data loader"));
        }
    }

    @Test
    void aFailureBeforeTheWarning_hasTheStackToo_andNothingIsReportedBefore() {
        try (InProcessCluster cluster = start(2, "60", "10")) {
            List<Throwable> failures =
                    failures(cluster, Set.of(0), c -> () -> c.planned().barrier("b"));

            assertThat(failures.get(0))
                    .isInstanceOf(OperationTimeoutException.class)
                    .hasMessageContaining("PlannedStallTest.loadData");
            assertThat(reports()).isEmpty();
        }
    }

    @Test
    void aMemberOfAProcessSetThatHasUsedOnlyTheJobSoFar_isReportedWithWhatItCalledThere() {
        try (InProcessCluster cluster = start(4, "0.5", "5")) {
            List<Throwable> failures =
                    failures(
                            cluster,
                            Set.of(0),
                            c -> {
                                ProcessSet ends = c.addProcessSet(List.of(0, 3));
                                c.barrier("last of all");
                                return () ->
                                        ends.communicator()
                                                .allReduce("w", ints(2, 1), ReduceOp.SUM);
                            });

            assertThat(failures.get(0))
                    .isInstanceOf(OperationTimeoutException.class)
                    .hasMessageContainingAll(
                            "Stalled in process-set-1 (ranks 0, 3 of the job):",
                            "'w'",
                            "Rank 1 on localhost (rank 3 of the job): "
                                    + "it has submitted no tensor by name yet",
                            "it has called nothing of these ranks yet, and last it called",
                            "barrier 'last of all', of all ranks",
                            "PlannedStallTest.loadData");
        }
    }

    @Test
    void aMemberThatUsesTheJobAfterItsPart_isReportedWithWhatItCalledLast() {
        try (InProcessCluster cluster = start(3, "0.5", "5")) {
            List<Throwable> failures =
                    failures(
                            cluster,
                            Set.of(0),
                            c -> {
                                Communicator ends = c.planned().split("ends", c.rank() % 2);
                                ends.barrier("in the part");
                                c.planned().barrier("last of all");
                                return () -> ends.allReduce("w", ints(2, 1), ReduceOp.SUM);
                            });

            assertThat(failures.get(0))
                    .isInstanceOf(OperationTimeoutException.class)
                    .hasMessageContainingAll("barrier 'in the part'", "loadData");
            assertThat(reports())
                    .singleElement()
                    .satisfies(
                            report ->
                                    assertThat(report)
                                            .startsWith("Stalled in ends-1 (ranks 0, 2 of the job)")
                                            .contains("last it called operation")
                                            .contains("since then it called")
                                            .contains("barrier 'last of all', of all ranks"));
        }
    }
}
