package org.jhorovod.examples;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The report as text, of lines that fit into 80 columns behind the rank. */
final class TrainPerfTable {

    private TrainPerfTable() {}

    /** The lines that can be printed before anything is measured. */
    static List<String> header(TrainPerfHeader h) {
        return List.of(
                text(
                        "# %s, %,d parameters, %s a rank and step, on %s",
                        h.model(), h.parameters(), count(h.batch(), "image"), h.device()),
                text(
                        "# %s on %s, %s, %s a rank",
                        count(h.ranks(), "rank"),
                        count(h.hosts(), "host"),
                        h.transport(),
                        count(h.threads(), "compute thread")),
                text("# rank 0's host: %s, JDK %s", count(h.cores(), "core"), h.jdk()),
                text(
                        "# step: median of %s of %s, each of its slowest rank",
                        count(h.blocks(), "block"), count(h.steps(), "step")));
    }

    /** The lines with the figures. */
    static List<String> body(TrainPerfReport report) {
        List<String> lines = new ArrayList<>();
        lines.add("#");
        lines.add(columns("#   sync", "step", "min", "max", "images", "waiting", "control"));
        lines.add(columns("#       ", "ms", "ms", "ms", "/s", "%", "B"));
        report.modes().forEach(mode -> lines.add(row(mode)));
        if (!report.ratios().isEmpty()) {
            lines.add("#");
            lines.add(columns("#  ratio", "of steps", "95 % from", "to"));
            report.ratios().forEach(ratio -> lines.add(row(ratio)));
        }
        lines.addAll(memory(report.memory()));
        Boolean same = report.sameParameters();
        if (same != null) {
            lines.add("# parameters of all ranks: " + (same ? "equal OK" : "different FAILED"));
        }
        return lines;
    }

    private static List<String> memory(TrainPerfMemory memory) {
        return List.of(
                "#",
                text(
                        "# resident size: %.1f MiB at its peak, with a heap of up to %.0f MiB",
                        memory.largestPeakMib(), memory.heapLimitMib()),
                text(
                        "# after the first round %.1f MiB, after the last %.1f MiB",
                        memory.largestFirstMib(), memory.largestLastMib()));
    }

    private static String row(TrainPerfRow row) {
        return columns(
                row.sync(),
                millis(row.stepMillis()),
                millis(row.minMillis()),
                millis(row.maxMillis()),
                text("%.1f", row.imagesPerSecond()),
                text("%.1f", row.waitingShare() * 100),
                text("%.1f", row.controlBytes()));
    }

    private static String row(StepRatio ratio) {
        return columns(
                ratio.of() + "/" + ratio.by(),
                text("%.3f", ratio.ratio()),
                text("%.3f", ratio.low()),
                text("%.3f", ratio.high()));
    }

    /** With as many digits as say something. */
    private static String millis(double millis) {
        return text(millis < 100 ? "%.3f" : "%.1f", millis);
    }

    private static String columns(String first, String... figures) {
        StringBuilder line = new StringBuilder(text("%8s", first));
        for (String figure : figures) {
            line.append(text(" %9s", figure));
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
