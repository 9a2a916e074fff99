package org.jhorovod.launcher.report;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.p;
import static j2html.TagCreator.span;

import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jhorovod.allreduce.timeline.RunSummary.Part;
import org.jhorovod.allreduce.timeline.RunSummary.Step;

/** When in an average step what is reduced. */
final class StepPicture {
    private static final int MOST_ROWS = 24;
    private static final double LEAST_WIDTH = 0.4; // percent, so that it is seen

    private StepPicture() {}

    static DomContent of(Step step) {
        List<Part> often =
                step.parts().stream().filter(part -> 2 * part.count() > step.count()).toList();
        List<Part> shown =
                often.stream()
                        .sorted(Comparator.comparingLong(Part::micros).reversed())
                        .limit(MOST_ROWS)
                        .sorted(Comparator.comparingLong(Part::startMicros))
                        .toList();
        List<DomContent> rows = new ArrayList<>();
        if (step.backwardMicros() > 0) {
            rows.add(
                    row(
                            "backward pass",
                            Words.micros(step.backwardMicros()),
                            bar(
                                    step,
                                    step.backwardStartMicros(),
                                    step.backwardMicros(),
                                    "compute")));
        }
        shown.forEach(part -> rows.add(row(step, part)));
        rows.add(
                div(
                                div().withClass("label"),
                                div(span("0"), span(Words.micros(step.micros()))).withClass("axis"))
                        .withClass("row"));
        return div(
                p("The average of %s steps of rank 0: %s from the first forward pass to the update, and the collectives in it, those of gradient buckets above all, with the bytes of each; waiting for slower ranks is a part of a bar."
                                .formatted(Words.count(step.count()), Words.micros(step.micros())))
                        .withClass("note"),
                div(each(rows, row -> row)).withClass("rows steps"),
                shown.size() < often.size()
                        ? p("%d shorter ones are not shown.".formatted(often.size() - shown.size()))
                                .withClass("note")
                        : div());
    }

    private static DomContent row(Step step, Part part) {
        String what =
                part.kind().toLowerCase(Locale.ROOT).replace('_', '-')
                        + (part.byteCount() > 0 ? ", " + Words.bytes(part.byteCount()) : "")
                        + ", "
                        + Words.micros(part.micros());
        return row(
                part.name().isEmpty() ? part.kind() : part.name(),
                what,
                bar(step, part.startMicros(), part.micros(), "communication"));
    }

    private static DomContent row(String name, String what, DomContent bar) {
        return div(
                        div(div(name).withClass("name"), div(what).withClass("host"))
                                .withClass("label"),
                        div(bar).withClass("lane"))
                .withClass("row");
    }

    private static DomContent bar(Step step, long startMicros, long micros, String kind) {
        double left = Math.min(99, 100.0 * startMicros / Math.max(1, step.micros()));
        double width =
                Math.max(
                        LEAST_WIDTH,
                        Math.min(100 - left, 100.0 * micros / Math.max(1, step.micros())));
        return div().withClass("bar " + kind)
                .withStyle(String.format(Locale.ROOT, "left:%.2f%%;width:%.2f%%", left, width));
    }
}
