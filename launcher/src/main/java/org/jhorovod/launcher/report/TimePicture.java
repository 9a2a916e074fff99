package org.jhorovod.launcher.report;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.p;
import static j2html.TagCreator.span;
import static j2html.TagCreator.tag;

import j2html.tags.DomContent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.timeline.RunSummary;

/** Where the time of each rank went, over time, and how fast it was. */
final class TimePicture {
    private static final int MOST_RANKS = 8;
    private static final int MOST_BINS = 80;
    private static final int STEPS_IN_BIN = 4;
    private static final int HEIGHT = 100;

    /** A colour, and what it stands for; they lie on each other in this order. */
    private record Layer(String kind, ToDoubleFunction<Shares> share) {}

    private static final List<Layer> LAYERS =
            List.of(
                    new Layer("compute", Shares::compute),
                    new Layer("communication", Shares::communication),
                    new Layer("waiting", Shares::waiting),
                    new Layer("outside", Shares::outside));

    private TimePicture() {}

    static DomContent legend(Figures figures) {
        List<DomContent> keys = new ArrayList<>();
        if (figures.hasSteps()) {
            keys.add(key("compute", "computing"));
        }
        keys.add(key("communication", "communication"));
        keys.add(key("waiting", "waiting for slower ranks"));
        keys.add(key("outside", SmallTables.outsideName(figures)));
        return div(each(keys, key -> key)).withClass("legend");
    }

    private static DomContent key(String kind, String text) {
        return span(span().withClass("swatch " + kind), span(text)).withClass("pair");
    }

    static DomContent of(Figures figures) {
        List<Integer> ranks = shown(figures);
        List<DomContent> rows = new ArrayList<>();
        int width = binWidth(figures);
        double most = mostThroughput(figures, ranks, width);
        for (int rank : ranks) {
            rows.add(row(figures, rank, width, most));
        }
        rows.add(axis(figures));
        if (ranks.size() < figures.size()) {
            rows.add(
                    p("%d of %d ranks: those that came last for longest, and the first. All are in the table below."
                                    .formatted(ranks.size(), figures.size()))
                            .withClass("note"));
        }
        return div(each(rows, row -> row)).withClass("rows");
    }

    private static List<Integer> shown(Figures figures) {
        List<RunSummary.Rank> ranks = figures.summary().ranks();
        if (ranks.size() <= MOST_RANKS) {
            return IntStream.range(0, ranks.size()).boxed().toList();
        }
        List<Integer> latest =
                IntStream.range(0, ranks.size())
                        .boxed()
                        .sorted(Comparator.comparingLong(figures::lateMicros).reversed())
                        .limit(MOST_RANKS / 2)
                        .toList();
        return IntStream.concat(
                        latest.stream().mapToInt(rank -> rank),
                        IntStream.range(0, ranks.size()).filter(rank -> !latest.contains(rank)))
                .limit(MOST_RANKS)
                .sorted()
                .boxed()
                .toList();
    }

    /**
     * How many windows one bin has: few bins, with some steps in each, so that they do not flicker.
     */
    private static int binWidth(Figures figures) {
        int count = figures.endWindow() - figures.firstWindow();
        long steps = figures.total(0).steps();
        long bins = Math.max(1, Math.min(MOST_BINS, steps == 0 ? count : steps / STEPS_IN_BIN));
        return Math.toIntExact(Math.max(1, (count + bins - 1) / bins));
    }

    private static double mostThroughput(Figures figures, List<Integer> ranks, int width) {
        double most = 0;
        for (int rank : ranks) {
            for (int from = figures.firstWindow(); from < figures.endWindow(); from += width) {
                most = Math.max(most, throughput(figures, rank, from, width));
            }
        }
        return most;
    }

    private static double throughput(Figures figures, int rank, int from, int width) {
        return figures.throughput(rank, from, Math.min(from + width, figures.endWindow()));
    }

    private static DomContent row(Figures figures, int rank, int width, double most) {
        String host = figures.summary().ranks().get(rank).host();
        List<DomContent> pictures = new ArrayList<>();
        pictures.add(areas(figures, rank, width));
        if (figures.hasSteps()) {
            pictures.add(line(figures, rank, width, most));
        }
        return div(
                        div(
                                        div("rank " + rank).withClass("name"),
                                        div(host).withClass("host"),
                                        div(speed(figures, rank, most)).withClass("host"))
                                .withClass("label"),
                        div(each(pictures, picture -> picture)).withClass("pictures"))
                .withClass("row");
    }

    private static String speed(Figures figures, int rank, double most) {
        if (!figures.hasSteps()) {
            return "";
        }
        String mean = Words.count(figures.throughput(rank)) + " " + figures.unit();
        return mean + "; line: up to " + Words.count(most);
    }

    private static DomContent areas(Figures figures, int rank, int width) {
        List<Shares> bins = new ArrayList<>();
        for (int from = figures.firstWindow(); from < figures.endWindow(); from += width) {
            int to = Math.min(from + width, figures.endWindow());
            bins.add(figures.shares(rank, from, to).normal());
        }
        List<DomContent> shapes = new ArrayList<>();
        double[] tops = new double[bins.size()];
        for (Layer layer : LAYERS) {
            double[] next = tops.clone();
            for (int i = 0; i < next.length; i++) {
                next[i] += layer.share().applyAsDouble(bins.get(i)) * HEIGHT;
            }
            shapes.add(tag("path").withClass(layer.kind()).attr("d", band(tops, next)));
            tops = next;
        }
        String alt =
                "Shares of the time of rank %d: %s".formatted(rank, words(figures.shares(rank)));
        return picture(bins.size(), alt, "areas", shapes);
    }

    private static String words(Shares shares) {
        return "computing %s, communication %s, waiting %s, outside %s"
                .formatted(
                        Words.percent(shares.compute()),
                        Words.percent(shares.communication()),
                        Words.percent(shares.waiting()),
                        Words.percent(shares.outside()));
    }

    /** Between two stairs: along the upper one and back along the lower one; y grows downwards. */
    private static String band(double[] low, double[] high) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < high.length; i++) {
            path.append(point(i == 0 ? "M" : "L", i, high[i])).append("H").append(i + 1);
        }
        for (int i = low.length - 1; i >= 0; i--) {
            path.append(point("L", i + 1, low[i])).append("H").append(i);
        }
        return path.append("Z").toString();
    }

    private static String point(String command, int x, double height) {
        return String.format(Locale.ROOT, "%s%d %.1f", command, x, HEIGHT - height);
    }

    private static DomContent line(Figures figures, int rank, int width, double most) {
        StringBuilder path = new StringBuilder();
        int bin = 0;
        for (int from = figures.firstWindow(); from < figures.endWindow(); from += width) {
            double height =
                    most == 0 ? 0 : throughput(figures, rank, from, width) / most * (HEIGHT - 4);
            path.append(point(bin == 0 ? "M" : "L", bin, height)).append("H").append(bin + 1);
            bin++;
        }
        String alt =
                "Throughput of rank %d over time, up to %s %s"
                        .formatted(rank, Words.count(most), figures.unit());
        return div(picture(
                        bin,
                        alt,
                        "line",
                        List.of(
                                tag("path")
                                        .attr("d", path.toString())
                                        .attr("vector-effect", "non-scaling-stroke"))))
                .withClass("speed");
    }

    private static DomContent picture(int width, String alt, String kind, List<DomContent> shapes) {
        return tag("svg")
                .attr("viewBox", "0 0 %d %d".formatted(Math.max(1, width), HEIGHT))
                .attr("preserveAspectRatio", "none")
                .attr("role", "img")
                .attr("aria-label", alt)
                .withClass(kind)
                .with(each(shapes, shape -> shape));
    }

    private static DomContent axis(Figures figures) {
        double start = figures.beforeMicros();
        return div(
                        div().withClass("label"),
                        div(
                                        span(at(start)),
                                        span(at(start + figures.activeMicros() / 2)),
                                        span(at(start + figures.activeMicros())))
                                .withClass("axis"))
                .withClass("row");
    }

    private static String at(double micros) {
        return Words.duration(Duration.ofMillis(Math.round(micros / 1000)));
    }
}
