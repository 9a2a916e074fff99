package org.jhorovod.launcher.job;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What has been tried to run a job, for its last words. */
final class AttemptHistory {
    private static final double NANOS_PER_SECOND = 1e9;

    private record Entry(int ranks, long hosts, Duration delay, Duration ran, AttemptEnd end) {}

    private final List<Entry> entries = new ArrayList<>();

    /**
     * Adds an attempt.
     *
     * @param delay that came before it
     * @param ran how long it took
     */
    void add(JobSpec spec, Duration delay, Duration ran, AttemptEnd end) {
        long hosts = spec.places().stream().map(place -> place.host()).distinct().count();
        entries.add(new Entry(spec.places().size(), hosts, delay, ran, end));
    }

    List<AttemptEnd> ends() {
        return entries.stream().map(Entry::end).toList();
    }

    /** Some lines without a newline at the end. */
    String describe() {
        StringBuilder text = new StringBuilder();
        text.append(entries.size()).append(" attempts:");
        for (int i = 0; i < entries.size(); i++) {
            text.append("\n  ").append(i + 1).append(": ").append(describe(entries.get(i)));
        }
        String lost =
                entries.stream()
                        .flatMap(entry -> entry.end().lostHosts().stream())
                        .collect(Collectors.toCollection(TreeSet::new))
                        .stream()
                        .collect(Collectors.joining(", "));
        if (!lost.isEmpty()) {
            text.append("\n  Hosts lost: ").append(lost);
        }
        return text.toString();
    }

    private static String describe(Entry entry) {
        return "%s on %s%s, %s"
                .formatted(
                        count(entry.ranks(), "rank"),
                        count(entry.hosts(), "host"),
                        entry.delay().isZero()
                                ? ""
                                : ", after a delay of %d s".formatted(entry.delay().toSeconds()),
                        fate(entry));
    }

    private static String fate(Entry entry) {
        String seconds =
                String.format(Locale.ROOT, "%.1f s", entry.ran().toNanos() / NANOS_PER_SECOND);
        return switch (entry.end().kind()) {
            case FINISHED -> "finished after " + seconds;
            case FAILED -> "failed after %s %s".formatted(seconds, entry.end().reason());
            case REFUSED -> "not started: " + entry.end().reason();
            case INTERRUPTED -> "interrupted after " + seconds;
        };
    }

    static String count(long number, String thing) {
        return number + " " + thing + (number == 1 ? "" : "s");
    }
}
