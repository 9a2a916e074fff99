package org.jhorovod.allreduce.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.exporter.httpserver.HTTPServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Labels;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jhorovod.allreduce.collective.ControlTraffic;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one rank has done so far, as counters that it serves over HTTP to whoever can reach the
 * address: without the job's secret, which Prometheus does not know, and hence on loopback unless
 * another is set. Safe for use by several threads; nothing here blocks but opening and closing.
 */
public final class Metrics implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(Metrics.class);
    private static final String PREFIX = "jhorovod_";
    private static final int MOST_PORT = 65_535;
    private static final double NANOS_PER_SECOND = 1e9;

    private final HTTPServer server;
    private final Counter collectives;
    private final Counter bytes;
    private final Counter collectiveSeconds;
    private final Counter failures;
    private final Counter steps;
    private final Counter samples;
    private final Counter stepSeconds;
    private final Counter waitedSeconds;
    private final Gauge stalledTensors;

    private Metrics(Topology self, InetAddress address, int port, Supplier<ControlTraffic> control)
            throws IOException {
        PrometheusRegistry registry = new PrometheusRegistry();
        Register register = new Register(self, registry);
        collectives =
                register.byKind("collectives", "Collectives that have run, one of a group too.");
        bytes = register.byKind("collective_bytes", "Bytes that this rank brought into them.");
        collectiveSeconds =
                register.byKind(
                        "collective_seconds", "Time in them, with waiting for other ranks.");
        failures =
                register.byKind(
                        "collective_failures",
                        "Collectives, or tensors submitted by name, that ended in an error.");
        stalledTensors =
                register.gauge(
                        "stalled_tensors",
                        "Names that wait for some ranks for longer than the stall warning, on the"
                                + " first of the ranks that agree on them.");
        register.read(
                "control_messages",
                "Messages to other ranks beside the collectives, but for heartbeats.",
                () -> control.get().messages());
        register.read("control_bytes", "Bytes of these.", () -> control.get().bytes());
        steps = register.plain("steps", "Steps of trainers.");
        samples = register.plain("samples", "Samples of this rank in them.");
        stepSeconds = register.plain("step_seconds", "Time in them, from first forward to update.");
        waitedSeconds =
                register.plain(
                        "step_waited_seconds",
                        "Time of steps spent waiting for other ranks and for their bytes.");
        server =
                HTTPServer.builder()
                        .inetAddress(address)
                        .port(port)
                        .registry(registry)
                        .buildAndStart();
    }

    /** Makes the counters of one rank. */
    private record Register(Labels labels, PrometheusRegistry registry) {
        Register(Topology self, PrometheusRegistry registry) {
            this(Labels.of("rank", "" + self.rank(), "size", "" + self.size()), registry);
        }

        Counter plain(String name, String help) {
            Counter counter = builder(name, help).register(registry);
            counter.inc(0); // so that it is shown from the start
            return counter;
        }

        Counter byKind(String name, String help) {
            return builder(name, help).labelNames("kind").register(registry);
        }

        Gauge gauge(String name, String help) {
            Gauge gauge =
                    Gauge.builder()
                            .name(PREFIX + name)
                            .help(help)
                            .constLabels(labels)
                            .register(registry);
            gauge.set(0); // so that it is shown from the start
            return gauge;
        }

        /** What somebody else counts. */
        void read(String name, String help, LongSupplier count) {
            CounterWithCallback.builder()
                    .name(PREFIX + name)
                    .help(help)
                    .constLabels(labels)
                    .callback(callback -> callback.call((double) count.getAsLong()))
                    .register(registry);
        }

        private Counter.Builder builder(String name, String help) {
            return Counter.builder().name(PREFIX + name).help(help).constLabels(labels);
        }
    }

    /**
     * Serves the counters of a rank, if a port is set; a host's ranks have as many ports from there
     * on. Where it cannot be had, a warning says what to do, and the job goes on without.
     *
     * @param control what the rank has sent over its control connections; asked by any thread
     */
    public static Optional<Metrics> open(
            Topology self, Configuration configuration, Supplier<ControlTraffic> control) {
        int first = configuration.get(Settings.METRICS_PORT);
        if (first == 0) {
            return Optional.empty();
        }
        String address = configuration.get(Settings.METRICS_ADDRESS);
        int port = first + self.localRank();
        try {
            if (port > MOST_PORT) {
                throw new IOException("there is no such port");
            }
            Metrics opened = new Metrics(self, InetAddress.getByName(address), port, control);
            logger.debug("Rank {} serves its counters at {}:{}", self.rank(), address, port);
            return Optional.of(opened);
        } catch (IOException e) {
            logger.warn(
                    "Rank {} on {} serves no counters, as port {} of {} cannot be had: {}. Set"
                            + " JHOROVOD_METRICS_PORT to the first of {} free ports, and"
                            + " JHOROVOD_METRICS_ADDRESS to an address of this host. The job goes"
                            + " on.",
                    self.rank(),
                    self.host(),
                    port,
                    address,
                    e.getMessage(),
                    self.localSize());
            return Optional.empty();
        }
    }

    /** The port on which it serves. */
    public int port() {
        return server.getPort();
    }

    /** Counts a collective that has ended. */
    public void collective(String kind, long byteCount, long nanos, boolean hasFailed) {
        String label = kind.toLowerCase(Locale.ROOT);
        collectives.labelValues(label).inc();
        bytes.labelValues(label).inc(byteCount);
        collectiveSeconds.labelValues(label).inc(nanos / NANOS_PER_SECOND);
        if (hasFailed) {
            failed(kind, 1);
        }
    }

    /** Counts what has ended in an error, and is not counted as a collective that has. */
    public void failed(String kind, long count) {
        failures.labelValues(kind.toLowerCase(Locale.ROOT)).inc(count);
    }

    /**
     * Notes that more names are stalled, or fewer.
     *
     * @param more than before; negative for fewer
     */
    public void stalled(int more) {
        stalledTensors.inc(more);
    }

    /** Counts a step of a training that has ended. */
    public void step(long sampleCount, long nanos, long waitedNanos) {
        steps.inc();
        samples.inc(sampleCount);
        stepSeconds.inc(nanos / NANOS_PER_SECOND);
        waitedSeconds.inc(waitedNanos / NANOS_PER_SECOND);
    }

    /** Ends serving. Does nothing the second time. */
    @Override
    public void close() {
        server.close();
    }
}
