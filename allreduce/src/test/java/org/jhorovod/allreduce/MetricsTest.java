package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
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
        Map<Setting<?>, String> settings = new HashMap<>();
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
