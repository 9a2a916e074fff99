package org.jhorovod.examples;

import java.util.List;
import java.util.Locale;

/*
 * The columns of nccl-tests. A row is 95 characters long, of which the half in place starts at 68:
 * behind the 12 characters "[0]<stdout>:" that jhorovodrun puts in front, a terminal of 120 columns
 * shows it whole, and one of 80 breaks it between the halves.
 */

/** The table as text. */
final class PerfTable {

    private PerfTable() {}

    /** The lines above the rows. */
    static List<String> header(PerfHeader h) {
        String where =
                "# %d rank%s on %d host%s, %s, %s"
                        .formatted(
                                h.ranks(),
                                h.ranks() == 1 ? "" : "s",
                                h.hosts(),
                                h.hosts() == 1 ? "" : "s",
                                h.transport(),
                                h.memory());
        return List.of(
                where,
                "# rank 0's host: %d cores, JDK %s".formatted(h.cores(), h.jdk()),
                "# time: median of %d iterations after %d, each of its slowest rank"
                        .formatted(h.iterations(), h.warmup()),
                "# out-of-place: copies the input first, in the time; in-place: not",
                "#",
                "#%40s%27s%27s".formatted("", "out-of-place", "in-place"),
                columns("#    size", "count", "type", "redop", "root")
                        + half("time", "algbw", "busbw", "#wrong")
                        + half("time", "algbw", "busbw", "#wrong"),
                columns("#       B", "elements", "", "", "")
                        + half("us", "GB/s", "GB/s", "")
                        + half("us", "GB/s", "GB/s", ""));
    }

    /** One row. */
    static String row(PerfRow row) {
        return columns(
                        Long.toString(row.size()),
                        Long.toString(row.count()),
                        row.type(),
                        row.redop(),
                        Integer.toString(row.root()))
                + half(row.outOfPlace())
                + half(row.inPlace());
    }

    /** The lines below the rows. */
    static List<String> footer(PerfReport report) {
        return List.of(
                "# wrong elements: %d %s"
                        .formatted(report.wrong(), report.wrong() == 0 ? "OK" : "FAILED"),
                String.format(
                        Locale.ROOT, "# average bus bandwidth: %.3f GB/s", report.averageBusbw()));
    }

    private static String half(PerfTiming timing) {
        return half(
                micros(timing.timeMicros()),
                bandwidth(timing.algbw()),
                bandwidth(timing.busbw()),
                Long.toString(timing.wrong()));
    }

    private static String bandwidth(double gigabytesPerSecond) {
        String format = gigabytesPerSecond < 99.995 ? "%.2f" : "%.1f";
        return String.format(Locale.ROOT, format, gigabytesPerSecond);
    }

    /** With as many digits as say something. */
    private static String micros(double micros) {
        String format = micros < 100 ? "%.2f" : micros < 10_000 ? "%.1f" : "%.0f";
        return String.format(Locale.ROOT, format, micros);
    }

    private static String columns(
            String size, String count, String type, String redop, String root) {
        return "%9s %9s %8s %7s %4s".formatted(size, count, type, redop, root);
    }

    private static String half(String time, String algbw, String busbw, String wrong) {
        return " %7s %5s %5s %6s".formatted(time, algbw, busbw, wrong);
    }
}
