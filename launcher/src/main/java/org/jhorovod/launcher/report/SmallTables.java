package org.jhorovod.launcher.report;

import static j2html.TagCreator.code;
import static j2html.TagCreator.details;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.p;
import static j2html.TagCreator.summary;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.tr;

import j2html.tags.DomContent;
import java.util.List;
import java.util.Locale;
import org.jhorovod.allreduce.config.ShownSetting;
import org.jhorovod.allreduce.timeline.RunSummary.Traffic;

/** The smaller tables of the page. */
final class SmallTables {

    private SmallTables() {}

    /** What time is called that lies in no step, or in no collective. */
    static String outsideName(Figures figures) {
        return figures.hasSteps()
                ? "between steps: data, evaluation, saving"
                : "the program's own work";
    }

    static DomContent traffic(List<Traffic> traffic) {
        long all = traffic.stream().mapToLong(Traffic::byteCount).sum();
        return div(
                p("What all ranks brought into collectives, %s in all. A ring sends each byte up to twice over the line; in shared memory none is sent."
                                .formatted(Words.bytes(all)))
                        .withClass("note"),
                div(table(
                                thead(
                                        tr(
                                                th("transport").withClass("text"),
                                                th("collective").withClass("text"),
                                                th("calls"),
                                                th("bytes"))),
                                tbody(each(traffic, SmallTables::row))))
                        .withClass("wide"));
    }

    private static DomContent row(Traffic traffic) {
        return tr(
                td(traffic.transport()).withClass("text"),
                td(traffic.kind().toLowerCase(Locale.ROOT).replace('_', '-')).withClass("text"),
                td(Words.count(traffic.count())),
                td(Words.bytes(traffic.byteCount())));
    }

    static DomContent fates(List<RunFacts.Rank> ranks) {
        return div(table(
                        thead(
                                tr(
                                        th("rank"),
                                        th("host").withClass("text"),
                                        th("end").withClass("text"))),
                        tbody(
                                each(
                                        ranks,
                                        rank ->
                                                tr(
                                                                td(String.valueOf(rank.rank())),
                                                                td(rank.host()).withClass("text"),
                                                                td(rank.fate()).withClass("text"))
                                                        .withClass(rank.isWell() ? "" : "bad")))))
                .withClass("wide");
    }

    static DomContent settings(List<ShownSetting> settings) {
        List<ShownSetting> set = settings.stream().filter(ShownSetting::isSet).toList();
        List<ShownSetting> others = settings.stream().filter(s -> !s.isSet()).toList();
        return div(
                set.isEmpty()
                        ? p("All settings are at their defaults.").withClass("note")
                        : list(set),
                details(
                        summary("%d settings at their defaults".formatted(others.size())),
                        list(others)));
    }

    private static DomContent list(List<ShownSetting> settings) {
        return div(table(
                        tbody(
                                each(
                                        settings,
                                        setting ->
                                                tr(
                                                        td(code(setting.name())).withClass("text"),
                                                        td(setting.value()).withClass("text"))))))
                .withClass("wide");
    }
}
