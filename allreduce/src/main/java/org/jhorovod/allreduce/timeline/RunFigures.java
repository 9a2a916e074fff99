package org.jhorovod.allreduce.timeline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.config.ShownSetting;
import org.jspecify.annotations.Nullable;

/** Sums up what all ranks record. Its size does not grow with the run. */
final class RunFigures {
    private static final int SHOWN_RANK = 0; // whose steps are drawn
    private static final long LONGEST_NANOS = TimeUnit.DAYS.toNanos(3650);
    private static final int MOST_ROUTES = 256; // programs may make groups again and again

    private final int size;
    private final long startNanos;
    private final long startMillis;
    private final Windows windows;
    private final Meetings meetings;
    private final StepShape shape = new StepShape();
    private final Map<Route, long[]> traffic = new TreeMap<>();
    private final String[] hosts;
    private long lostEvents;

    private record Route(String track, String kind) implements Comparable<Route> {
        @Override
        public int compareTo(Route other) {
            int byTrack = track.compareTo(other.track);
            return byTrack != 0 ? byTrack : kind.compareTo(other.kind);
        }
    }

    /**
     * Of a job.
     *
     * @param startNanos when recording begins, on rank 0's clock
     * @param startMillis the same since 1970
     */
    RunFigures(int size, long startNanos, long startMillis) {
        this.size = size;
        this.startNanos = startNanos;
        this.startMillis = startMillis;
        this.windows = new Windows(size, startNanos);
        this.meetings = new Meetings(size, windows);
        this.hosts = new String[size];
        Arrays.fill(hosts, "");
    }

    /** Takes what has happened on a rank; see {@link Sink#add}. */
    void add(int rank, String host, List<Event> events, long lost) {
        hosts[rank] = host;
        lostEvents += lost;
        for (Event event : events) {
            long since = event.startNanos() - startNanos;
            if (isPossible(since) && isPossible(event.durationNanos())) {
                add(rank, event);
            }
        }
    }

    /** Whether a time is none that only a wrong clock can tell. */
    private static boolean isPossible(long nanos) {
        return nanos > -LONGEST_NANOS && nanos < LONGEST_NANOS;
    }

    private void add(int rank, Event event) {
        if (event.detail().isStep()) {
            addStep(rank, event);
        } else if (event.detail().isCollective()) {
            meetings.add(rank, event);
            if (!event.name().equals(CollectiveCall.Kind.ALLOCATION.name())) { // moves none
                count(event);
            }
        }
        boolean isInShape = event.detail().isCollective() || event.name().equals("BACKWARD");
        if (rank == SHOWN_RANK && isInShape) {
            shape.add(event);
        }
    }

    private void count(Event event) {
        Route route = new Route(event.track(), event.name());
        if (traffic.size() >= MOST_ROUTES && !traffic.containsKey(route)) {
            route = new Route("", event.name());
        }
        long[] sums = traffic.computeIfAbsent(route, r -> new long[2]);
        sums[0]++;
        sums[1] += event.byteCount();
    }

    private void addStep(int rank, Event step) {
        long duration = Math.max(1, step.durationNanos());
        double waitedShare = Math.min(1, (double) step.detail().waitedNanos() / duration);
        windows.spread(
                rank,
                step.startNanos(),
                duration,
                (window, nanos) -> {
                    window.stepNanos += nanos;
                    window.waitedNanos += Math.round(nanos * waitedShare);
                });
        Windows.Sums last = windows.at(rank, step.startNanos() + duration);
        last.steps++;
        last.samples += step.detail().samples();
        if (rank == SHOWN_RANK) {
            shape.addStep(step);
        }
    }

    /**
     * The figures so far.
     *
     * @param transports how a track's collectives travel; null where that is not known
     * @param round how often this process had shut down and begun again before
     */
    RunSummary summary(
            long nowNanos,
            Function<String, @Nullable String> transports,
            List<ShownSetting> settings,
            int round) {
        List<RunSummary.Rank> ranks = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            ranks.add(
                    new RunSummary.Rank(
                            rank, hosts[rank], meetings.lastCount(rank), windows.of(rank)));
        }
        return new RunSummary(
                startMillis,
                (nowNanos - startNanos) / 1000,
                windows.widthNanos() / 1000,
                ranks,
                traffic(transports),
                shape.summary(),
                lostEvents,
                settings,
                round);
    }

    private List<RunSummary.Traffic> traffic(Function<String, @Nullable String> transports) {
        Map<Route, long[]> byTransport = new TreeMap<>();
        traffic.forEach(
                (route, sums) -> {
                    String transport = transports.apply(route.track());
                    Route known = new Route(transport == null ? "other" : transport, route.kind());
                    long[] all = byTransport.computeIfAbsent(known, r -> new long[2]);
                    all[0] += sums[0];
                    all[1] += sums[1];
                });
        List<RunSummary.Traffic> all = new ArrayList<>();
        byTransport.forEach(
                (route, sums) ->
                        all.add(
                                new RunSummary.Traffic(
                                        route.track(), route.kind(), sums[0], sums[1])));
        return all;
    }
}
