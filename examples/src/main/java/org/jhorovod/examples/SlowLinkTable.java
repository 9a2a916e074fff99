package org.jhorovod.examples;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The report as text. */
final class SlowLinkTable {

    private SlowLinkTable() {}

    /** The lines that can be printed before anything is measured. */
    static List<String> header(SlowLinkHeader h) {
        return List.of(
                text(
                        "# mlp 784-1024-1024-10, SGD of rate %s, %d images a rank and step",
                        h.rate(), h.batch()),
                text(
                        "# %,d images a pass, %s on %s, %s",
                        h.images(),
                        count(h.ranks(), "rank"),
                        count(h.hosts(), "host"),
                        h.transport()),
                text(
                        "# each way to a test accuracy of %s, %d s at most, without evaluation",
                        h.accuracy(), h.seconds()));
    }

    /** A line about a training that goes on. */
    static String progress(String way, CurvePoint point) {
        return text(
                "# %s: accuracy %.4f after %d steps, %.1f s",
                way, point.accuracy(), point.steps(), point.seconds());
    }

    /** The lines with the figures. */
    static List<String> body(SlowLinkReport report) {
        int width = report.ways().stream().mapToInt(row -> row.way().length()).max().orElse(0);
        List<String> lines = new ArrayList<>();
        lines.add("#");
        lines.add(columns(width, "# way", "to reach", "steps", "step", "sent", "faster"));
        lines.add(columns(width, "#", "s", "", "ms", "MB", "than plain"));
        report.ways().forEach(row -> lines.add(row(width, row)));
        if (report.ways().stream().anyMatch(SlowLinkRow::isEstimated)) {
            lines.add("# ~ estimated: did not reach it in time; --plain-steps x the median step");
        }
        for (SlowLinkRow row : report.ways()) {
            if (row.seconds() == null) {
                lines.add(
                        text(
                                "# %s did not reach it in time: accuracy %.4f",
                                row.way(), row.accuracy()));
            }
        }
        return lines;
    }

    private static String row(int width, SlowLinkRow row) {
        String mark = row.isEstimated() ? "~" : "";
        return columns(
                width,
                row.way(),
                row.seconds() == null ? "-" : mark + text("%.1f", row.seconds()),
                mark + row.steps(),
                text("%.1f", row.stepMillis()),
                row.sentBytes() == null ? "-" : mark + text("%.1f", row.sentBytes() / 1e6),
                row.timesPlain() == null ? "-" : text("%.2f", row.timesPlain()));
    }

    private static String columns(int width, String first, String... figures) {
        StringBuilder line = new StringBuilder(first);
        line.append(" ".repeat(Math.max(0, width - first.length())));
        for (String figure : figures) {
            line.append(text(" %10s", figure));
        }
        return line.toString();
    }

    private static String count(int number, String what) {
        return "%d %s%s".formatted(number, what, number == 1 ? "" : "s");
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
