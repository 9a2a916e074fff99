package org.jhorovod.allreduce.timeline;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.Channel;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.metrics.Metrics;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [One timeline of all ranks]
 *
 *   any thread       records: a bounded queue, never blocks       Track, EventQueue
 *   other ranks      convert to rank 0's clock, write letters     SendingThread, RankClock
 *   control threads  carry letters and measure clocks             Sender, Collector
 *   rank 0           writes the file, sums up for a report        WritingThread, TraceFile, SummarySink
 */
/**
 * Records what happens on this rank; rank 0 writes what happens on all into one file.
 *
 * <p>Safe for use by several threads. Ends with the job's control plane.
 */
public final class Timeline {
    /** How many events wait to be written at most; what comes on top is counted. */
    static final int CAPACITY = 1 << 15;

    private static final int MOST_ROUTES = 256; // programs may make groups again and again

    private static final Logger logger = LoggerFactory.getLogger(Timeline.class);

    private volatile @Nullable EventQueue queue; // null where nothing is recorded
    private volatile @Nullable Metrics metrics; // null where nobody counts
    private volatile @Nullable Role role; // null before the job has formed
    private final Map<String, String> routes = new ConcurrentHashMap<>(); // transports by track

    /** Tells how the bytes of a row's collectives travel, for reports. */
    public void travels(String track, String transport) {
        if (routes.size() < MOST_ROUTES) {
            routes.put(track, transport);
        }
    }

    /** A row of this rank, for what one thread does at a time. */
    public Track track(String name) {
        return new Track(this, name, Event.Party.NONE);
    }

    /**
     * The same for collectives.
     *
     * @param jobRanks the job's numbers of those that take part, one at least, in their order
     */
    public Track track(String name, List<Integer> jobRanks) {
        return new Track(this, name, Event.Party.of(jobRanks));
    }

    /** Has what the rows record counted too; closes the counters with the job. */
    public void count(Metrics counters) {
        metrics = counters;
    }

    @Nullable Metrics metrics() {
        return metrics;
    }

    /** The job has ended. */
    void closing() {
        Metrics known = metrics;
        if (known != null) {
            known.close();
        }
    }

    boolean isOn() {
        return queue != null;
    }

    void record(Event event) {
        EventQueue known = queue;
        if (known != null) {
            known.add(event);
        }
    }

    void turnOn(EventQueue events) {
        queue = events;
    }

    void turnOff() {
        queue = null;
    }

    /**
     * Has this rank take part in the timeline of a job; before the control plane starts.
     *
     * @param file what rank 0 writes from now on, if anything; the same on all ranks
     * @param report where rank 0 leaves a summary, if it is wanted; the same on all ranks
     */
    public void open(
            Topology self, ControlPlane control, Optional<Path> file, Optional<ReportPlan> report) {
        if (self.rank() == 0) {
            SummarySink summary =
                    report.map(plan -> new SummarySink(plan, self.size(), routes::get))
                            .orElse(null);
            Collector collector = new Collector(self, this, control, summary);
            control.open(Channel.TIMELINE, collector);
            role = collector;
            collector.sumUp();
            file.ifPresent(path -> tryToStart(collector, path));
        } else {
            Sender sender = new Sender(self.rank(), this, control);
            control.open(Channel.TIMELINE, sender);
            role = sender;
            if (file.isPresent() || report.isPresent()) {
                sender.begin(1);
            }
        }
    }

    private static void tryToStart(Collector collector, Path file) {
        try {
            collector.start(file);
        } catch (IOException e) {
            logger.warn(
                    "The job runs without a timeline, because {} cannot be written: {}. Name a"
                            + " file in a folder of rank 0's host that you may write to.",
                    file,
                    e.toString());
        }
    }

    /**
     * Begins a file with what happens on all ranks from now on; on rank 0.
     *
     * @throws IOException if it cannot be written
     * @throws IllegalStateException on another rank, or if one is being written
     */
    public void start(Path file) throws IOException {
        Objects.requireNonNull(role, "bug: no job has formed").start(file);
    }

    /**
     * Ends the file; on rank 0. Blocks until the other ranks have sent what they have, some seconds
     * at most. Does nothing where none is written.
     *
     * @throws IllegalStateException on another rank
     */
    public void stop() {
        Objects.requireNonNull(role, "bug: no job has formed").stop();
    }
}
