package org.jhorovod.allreduce.timeline;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/*
 * What lies in a step is recorded before the step itself, which is known once it has ended. So the latest
 * collectives wait for it.
 */
/** When in an average step what is reduced. Of one rank, and one trainer at a time. */
final class StepShape {
    private static final int SKIPPED_STEPS = 3; // while the JVM compiles, and ranks come late
    private static final int MOST_WAITING = 4096;
    private static final int MOST_PARTS = 64;

    private final Deque<Event> waiting = new ArrayDeque<>();
    private final Map<Key, Sums> parts = new LinkedHashMap<>();
    private final Sums backward = new Sums();
    private long skipped;
    private long count;
    private long nanos;

    private record Key(String name, String kind) {}

    private static final class Sums {
        private long count;
        private long bytes;
        private long startNanos;
        private long nanos;

        void add(Event event, long stepStartNanos) {
            count++;
            bytes = event.byteCount();
            startNanos += event.startNanos() - stepStartNanos;
            nanos += event.durationNanos();
        }

        long mean(long sum) {
            return count == 0 ? 0 : sum / count / 1000;
        }
    }

    /** Takes what may lie in a step. */
    void add(Event event) {
        waiting.add(event);
        if (waiting.size() > MOST_WAITING) {
            waiting.remove();
        }
    }

    /** Takes a step that has ended. */
    void addStep(Event step) {
        if (skipped < SKIPPED_STEPS) {
            skipped++;
        } else {
            count++;
            nanos += step.durationNanos();
            for (Event event : waiting) {
                if (event.startNanos() >= step.startNanos()) {
                    sumsOf(event).add(event, step.startNanos());
                }
            }
        }
        waiting.clear();
    }

    private Sums sumsOf(Event event) {
        if (!event.detail().isCollective()) {
            return backward;
        }
        Key key = new Key(event.tensor(), event.name());
        boolean isFull = parts.size() >= MOST_PARTS && !parts.containsKey(key);
        return parts.computeIfAbsent(
                isFull ? new Key("others", event.name()) : key, k -> new Sums());
    }

    RunSummary.Step summary() {
        if (count == 0) {
            return RunSummary.Step.NONE;
        }
        List<RunSummary.Part> all = new ArrayList<>();
        parts.forEach(
                (key, sums) ->
                        all.add(
                                new RunSummary.Part(
                                        key.name(),
                                        key.kind(),
                                        sums.bytes,
                                        sums.count,
                                        sums.mean(sums.startNanos),
                                        sums.mean(sums.nanos))));
        all.sort(Comparator.comparingLong(RunSummary.Part::startMicros));
        return new RunSummary.Step(
                count,
                nanos / count / 1000,
                backward.mean(backward.startNanos),
                backward.mean(backward.nanos),
                all);
    }
}
