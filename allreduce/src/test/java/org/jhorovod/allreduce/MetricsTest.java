package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.ControlTraffic;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.engine.NegotiatingCommunicator;
import org.jhorovod.allreduce.metrics.Metrics;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** The counters of ranks that are threads, read over HTTP. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class MetricsTest {
    private static final Logger logger = (Logger) LoggerFactory.getLogger(Metrics.class);
    private static final int SIZE = 2;
    private static final int TRIES = 20;

    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeEach
    void listen() {
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(log);
    }

    /** The first of two ports of the loopback address that were free just now. */
    private static int freePorts() throws IOException {
        for (int i = 0; i < TRIES; i++) {
            try (ServerSocket first = new ServerSocket(0, 1, loopback());
                    ServerSocket next = new ServerSocket(first.getLocalPort() + 1, 1, loopback())) {
                return next.getLocalPort() - 1;
            } catch (IOException | IllegalArgumentException e) {
                logger.debug("One of them is taken", e);
            }
        }
        throw new IOException("no two free ports side by side");
    }

    private static InetAddress loopback() throws IOException {
        return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    }

    private static InProcessCluster start(int port) {
        return start(port, Map.of());
    }

    private static InProcessCluster start(int port, Map<Setting<?>, String> more) {
        Map<Setting<?>, String> settings = new HashMap<>(more);
        settings.put(Settings.METRICS_PORT, "" + port);
        return InProcessCluster.start(SIZE, new InProcessTransport(), Configuration.of(settings));
    }

    private String read(int port) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                        .timeout(Duration.ofSeconds(10))
                        .build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(200);
        return response.body();
    }

    private static int reduce(Communicator communicator) {
        HostTensor tensor = HostTensor.allocate(DataType.FLOAT32, 1000);
        for (int i = 0; i < 5; i++) {
            communicator.allReduce("w" + i, tensor, ReduceOp.SUM);
        }
        communicator.barrier("b");
        return 0;
    }

    private static int step(NamedCommunicator communicator) {
        ((NegotiatingCommunicator) communicator)
                .timeline()
                .track("training")
                .step(32, 1_000_000, System.nanoTime() - 4_000_000_000L);
        return 0;
    }

    @Test
    void counters_areThoseOfEachRank_byKind_atItsOwnPort() throws Exception {
        int port = freePorts();
        try (InProcessCluster cluster = start(port)) {
            cluster.run(MetricsTest::reduce);
            cluster.runNamed(MetricsTest::step);
            for (int rank = 0; rank < SIZE; rank++) {
                String labels = "rank=\"" + rank + "\",size=\"2\"";
                String ofKind = "kind=\"all_reduce\"," + labels;
                assertThat(read(port + rank))
                        .contains("# TYPE jhorovod_collectives_total counter")
                        .contains("jhorovod_collectives_total{" + ofKind + "} 5.0")
                        .contains("jhorovod_collectives_total{kind=\"barrier\"," + labels + "} 1.0")
                        .contains("jhorovod_collective_bytes_total{" + ofKind + "} 20000.0")
                        .containsPattern(
                                "jhorovod_collective_seconds_total\\{kind=\"all_reduce\"\\S+"
                                        + " [\\d.E-]+")
                        .contains("jhorovod_steps_total{" + labels + "} 1.0")
                        .contains("jhorovod_samples_total{" + labels + "} 32.0")
                        .containsPattern("jhorovod_step_seconds_total\\{\\S+ 4\\.")
                        .contains("jhorovod_step_waited_seconds_total{" + labels + "} 0.001");
            }
            assertThat(Thread.getAllStackTraces().keySet())
                    .filteredOn(thread -> thread.getName().contains("HTTP"))
                    .isNotEmpty()
                    .allMatch(Thread::isDaemon);
        }
        assertThatThrownBy(() -> read(port))
                .as("after the job")
                .isInstanceOf(ConnectException.class);
    }

    @Test
    void collectivesThatFail_areCounted() throws Exception {
        int port = freePorts();
        try (InProcessCluster cluster = start(port)) {
            assertThatThrownBy(
                            () ->
                                    cluster.run(
                                            communicator -> {
                                                communicator.allReduce(
                                                        "w",
                                                        HostTensor.allocate(
                                                                DataType.FLOAT32,
                                                                10 + communicator.rank()),
                                                        ReduceOp.SUM);
                                                return 0;
                                            }))
                    .isInstanceOf(MismatchException.class);
            assertThat(read(port))
                    .containsPattern(
                            "jhorovod_collective_failures_total\\{kind=\"all_reduce\"\\S+ 1\\.0");
        }
    }

    private static String failures(int count) {
        return "jhorovod_collective_failures_total\\{kind=\"all_reduce\"\\S+ " + count + "\\.0";
    }

    @Test
    void namesThatAreRefused_areCountedOnEachRank_once() throws Exception {
        int port = freePorts();
        try (InProcessCluster cluster = start(port)) {
            cluster.runNamed(
                    c -> {
                        HostTensor unlike = HostTensor.allocate(DataType.FLOAT32, 10 + c.rank());
                        assertThatThrownBy(() -> c.allReduce("w", unlike, ReduceOp.SUM))
                                .isInstanceOf(MismatchException.class);
                        return 0;
                    });
            assertThat(read(port)).containsPattern(failures(1));
            assertThat(read(port + 1)).containsPattern(failures(1));
        }
    }

    @Test
    void callsThatAreWrongOnOneRank_areCountedThere_andTheTensorsOnTheOthers() throws Exception {
        int port = freePorts();
        try (InProcessCluster cluster = start(port)) {
            cluster.runNamed(
                    c -> {
                        DataType type = c.rank() == 0 ? DataType.FLOAT32 : DataType.BOOL;
                        HostTensor tensor = HostTensor.allocate(type, 10);
                        assertThatThrownBy(() -> c.allReduce("w", tensor, ReduceOp.SUM))
                                .isInstanceOf(
                                        c.rank() == 0
                                                ? MismatchException.class
                                                : IllegalArgumentException.class);
                        return 0;
                    });
            assertThat(read(port)).containsPattern(failures(1)).doesNotContain("kind=\"call\"");
            assertThat(read(port + 1))
                    .doesNotContainPattern(failures(1))
                    .containsPattern(
                            "jhorovod_collective_failures_total\\{kind=\"call\"\\S+ 1\\.0");
        }
    }

    @Test
    void callsThatAreRefusedAtOnce_areCounted() throws Exception {
        int port = freePorts();
        CountDownLatch isRefused = new CountDownLatch(1);
        try (InProcessCluster cluster = start(port)) {
            cluster.runNamed(
                    c -> {
                        if (c.rank() == 1) {
                            NamedTensors.await(isRefused);
                        }
                        HostTensor tensor = HostTensor.allocate(DataType.FLOAT32, 10);
                        CompletableFuture<Void> first = c.allReduceAsync("w", tensor, ReduceOp.SUM);
                        if (c.rank() == 0) {
                            assertThatThrownBy(() -> c.allReduce("w", tensor, ReduceOp.SUM))
                                    .isInstanceOf(MismatchException.class);
                            isRefused.countDown();
                        }
                        return c.await(first);
                    });
            assertThat(read(port)).containsPattern(failures(1));
            assertThat(read(port + 1)).doesNotContain("jhorovod_collective_failures_total{");
        }
    }

    /** Rank 1 does not take part, for a handler holds up its lane. */
    @Test
    void namesWhoseCollectiveFails_areCountedEach_andTheCollectiveNotBesideThem() throws Exception {
        int port = freePorts();
        CountDownLatch isHandled = new CountDownLatch(1);
        CountDownLatch isOver = new CountDownLatch(1);
        try (InProcessCluster cluster = start(port, Map.of(Settings.OPERATION_TIMEOUT, "1.5"))) {
            List<CompletableFuture<Integer>> ranks =
                    cluster.submitNamed(
                            c -> {
                                if (c.rank() == 0) {
                                    NamedTensors.await(isHandled);
                                }
                                CompletableFuture<Void> before = c.barrierAsync("before");
                                if (c.rank() == 1) {
                                    before = before.thenRun(() -> NamedTensors.await(isOver));
                                    isHandled.countDown();
                                } else {
                                    c.await(before);
                                }
                                assertThatThrownBy(() -> NamedTensors.reduceFused(c))
                                        .isInstanceOf(CollectiveException.class);
                                return 0;
                            });
            ranks.get(0).join();
            assertThat(read(port)).containsPattern(failures(2));
            isOver.countDown();
            ranks.get(1).join();
        }
    }

    @Test
    void namesThatSomeRanksDoNotSubmit_areStalled_untilTheyDo() throws Exception {
        int port = freePorts();
        String gauge = "jhorovod_stalled_tensors{rank=\"0\",size=\"2\"} ";
        CountDownLatch isSeen = new CountDownLatch(1);
        try (InProcessCluster cluster = start(port, Map.of(Settings.STALL_WARNING, "0.1"))) {
            assertThat(read(port)).contains(gauge + "0.0");
            List<CompletableFuture<Integer>> ranks =
                    cluster.submitNamed(
                            c -> {
                                if (c.rank() == 1) {
                                    NamedTensors.await(isSeen);
                                }
                                return NamedTensors.reduceFused(c);
                            });
            awaitText(port, gauge + "2.0");
            isSeen.countDown();
            ranks.forEach(CompletableFuture::join);
            awaitText(port, gauge + "0.0");
        }
    }

    private void awaitText(int port, String text) {
        await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .untilAsserted(() -> assertThat(read(port)).contains(text));
    }

    @Test
    void stallsThatEndTheJob_areCountedAsFailures_andAreNoneAnyMore() throws Exception {
        int port = freePorts();
        Map<Setting<?>, String> impatient =
                Map.of(Settings.STALL_WARNING, "0.1", Settings.OPERATION_TIMEOUT, "0.5");
        CountDownLatch isOver = new CountDownLatch(1);
        try (InProcessCluster cluster = start(port, impatient)) {
            List<CompletableFuture<Integer>> ranks =
                    cluster.submitNamed(
                            c -> {
                                if (c.rank() == 1) {
                                    NamedTensors.await(isOver);
                                    return 1;
                                }
                                assertThatThrownBy(() -> NamedTensors.reduceFused(c))
                                        .isInstanceOf(OperationTimeoutException.class);
                                return 0;
                            });
            ranks.get(0).join();
            assertThat(read(port))
                    .containsPattern(failures(2))
                    .contains("jhorovod_stalled_tensors{rank=\"0\",size=\"2\"} 0.0");
            isOver.countDown();
            ranks.get(1).join();
        }
    }

    @Test
    void whatGoesOverControlConnections_isCounted() throws Exception {
        int port = freePorts();
        try (InProcessCluster cluster = start(port)) {
            cluster.runNamed(c -> NamedTensors.reduceSteps(c, 3, 2));
            ControlTraffic before = cluster.runNamed(NamedCommunicator::controlTraffic).get(1);
            String labels = "{rank=\"1\",size=\"2\"} ";
            assertThat(before.messages()).isPositive();
            assertThat(read(port + 1))
                    .contains("# TYPE jhorovod_control_messages_total counter")
                    .contains("jhorovod_control_messages_total" + labels + before.messages() + ".0")
                    .contains("jhorovod_control_bytes_total" + labels + before.bytes() + ".0");
        }
    }

    @Test
    void portThatIsTaken_isAWarning_andTheJobGoesOn() throws Exception {
        int port = freePorts();
        try (ServerSocket taken = new ServerSocket(port + 1, 1, loopback());
                InProcessCluster cluster = start(port)) {
            assertThat(cluster.run(MetricsTest::reduce)).containsOnly(0);
            assertThat(read(port)).contains("jhorovod_collectives_total");
            assertThat(taken.isClosed()).isFalse();
        }
        assertThat(log.list)
                .filteredOn(event -> event.getLevel() == Level.WARN)
                .extracting(ILoggingEvent::getFormattedMessage)
                .singleElement()
                .asString()
                .contains("Rank 1 on localhost serves no counters", "port " + (port + 1))
                .contains("Set JHOROVOD_METRICS_PORT to the first of 2 free ports");
    }

    @Test
    void withoutAPort_nothingIsCountedOrServed() {
        try (InProcessCluster cluster = InProcessCluster.start(SIZE)) {
            List<Boolean> areRecorded =
                    cluster.runNamed(
                            c ->
                                    ((NegotiatingCommunicator) c)
                                            .timeline()
                                            .track("engine")
                                            .isRecorded());
            assertThat(areRecorded).containsOnly(false);
        }
    }
}
