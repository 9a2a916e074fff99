package org.jhorovod.launcher.report;

import static j2html.TagCreator.body;
import static j2html.TagCreator.code;
import static j2html.TagCreator.div;
import static j2html.TagCreator.document;
import static j2html.TagCreator.each;
import static j2html.TagCreator.footer;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.head;
import static j2html.TagCreator.header;
import static j2html.TagCreator.html;
import static j2html.TagCreator.main;
import static j2html.TagCreator.meta;
import static j2html.TagCreator.p;
import static j2html.TagCreator.pre;
import static j2html.TagCreator.rawHtml;
import static j2html.TagCreator.section;
import static j2html.TagCreator.span;
import static j2html.TagCreator.style;
import static j2html.TagCreator.title;

import com.google.common.io.Resources;
import j2html.tags.DomContent;
import java.io.IOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/*
 * One file without scripts, and nothing from elsewhere: it opens anywhere, and in ten years. Numbers
 * are text, pictures are boxes and SVG without text, so that letters keep their size on a phone; colours
 * come from the sheet, for light and dark screens.
 */
/** The page about a run, as text. */
final class Page {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("d MMMM yyyy, HH:mm:ss z", Locale.ENGLISH);

    private Page() {}

    /**
     * Writes the page.
     *
     * @param figures empty where rank 0 has told nothing
     */
    static String of(RunFacts facts, Optional<Figures> figures) throws IOException {
        Optional<Figures> shown = figures.filter(known -> !known.isEmpty());
        Optional<Limit> limit = shown.map(Limit::of);
        List<DomContent> parts = new ArrayList<>();
        parts.add(top(facts, limit));
        figures.flatMap(Headline::beforeLast)
                .ifPresent(text -> parts.add(p(text).withClass("note")));
        shown.ifPresent(known -> parts.add(tiles(facts, known)));
        shown.ifPresent(known -> parts.add(time(known)));
        shown.ifPresent(known -> parts.add(speed(known)));
        shown.filter(known -> known.summary().step().count() > 0)
                .ifPresent(known -> parts.add(step(known)));
        shown.ifPresent(known -> parts.add(traffic(known)));
        parts.add(end(facts));
        figures.ifPresent(known -> parts.add(settings(known)));
        return document(
                html(
                                head(
                                        meta().withCharset("utf-8"),
                                        meta().withName("viewport")
                                                .withContent("width=device-width, initial-scale=1"),
                                        meta().withName("color-scheme").withContent("light dark"),
                                        title("JHorovod run: " + Headline.of(facts, limit)),
                                        style(rawHtml(sheet()))),
                                body(main(each(parts, part -> part)), foot(shown)))
                        .withLang("en"));
    }

    private static String sheet() throws IOException {
        URL sheet = Resources.getResource(Page.class, "report.css");
        return Resources.toString(sheet, StandardCharsets.UTF_8);
    }

    private static DomContent top(RunFacts facts, Optional<Limit> limit) {
        List<DomContent> lines = new ArrayList<>();
        lines.add(
                p(
                                span(Headline.badge(facts)).withClass("badge"),
                                span(
                                        "%s on %s, %s, started on %s"
                                                .formatted(
                                                        Words.ranks(facts.ranks().size()),
                                                        Words.hosts(hostCount(facts)),
                                                        Words.duration(facts.duration()),
                                                        TIME.format(
                                                                facts.start()
                                                                        .atZone(
                                                                                ZoneId
                                                                                        .systemDefault())))))
                        .withClass("facts"));
        lines.add(h1(Headline.of(facts, limit)));
        Headline.second(facts, limit).ifPresent(text -> lines.add(p(text).withClass("lead")));
        lines.add(p(code(Words.command(facts.command()))).withClass("command"));
        return header(each(lines, line -> line))
                .withClass("top " + facts.outcome().name().toLowerCase(Locale.ROOT));
    }

    private static long hostCount(RunFacts facts) {
        return facts.ranks().stream().map(RunFacts.Rank::host).distinct().count();
    }

    private static DomContent tiles(RunFacts facts, Figures figures) {
        Shares shares = figures.shares();
        List<DomContent> tiles = new ArrayList<>();
        if (figures.hasSteps()) {
            tiles.add(tile(Words.count(figures.throughput()), figures.unit() + ", all ranks", ""));
            tiles.add(tile(Words.percent(shares.compute()), "computing", "compute"));
        }
        tiles.add(tile(Words.percent(shares.communication()), "communication", "communication"));
        tiles.add(tile(Words.percent(shares.waiting()), "waiting for slower ranks", "waiting"));
        tiles.add(
                tile(Words.percent(shares.outside()), SmallTables.outsideName(figures), "outside"));
        long sinceStart = figures.summary().startMillis() - facts.start().toEpochMilli();
        long beforeMillis = Math.max(0, sinceStart + Math.round(figures.beforeMicros() / 1000));
        tiles.add(
                tile(
                        Words.duration(Duration.ofMillis(beforeMillis)),
                        figures.hasSteps() ? "until the first step" : "until the first collective",
                        ""));
        return div(each(tiles, tile -> tile)).withClass("tiles");
    }

    private static DomContent tile(String number, String what, String kind) {
        return div(div(number).withClass("number"), div(what).withClass("what"))
                .withClass(kind.isEmpty() ? "tile" : "tile key " + kind);
    }

    private static DomContent time(Figures figures) {
        return section(
                h2("Where the time went"),
                p("From the first %s to the last. Waiting: until the slowest rank had come to a collective. Communication: from then on, as far as it held the rank up."
                                .formatted(figures.hasSteps() ? "step" : "collective"))
                        .withClass("note"),
                TimePicture.legend(figures),
                TimePicture.of(figures));
    }

    private static DomContent speed(Figures figures) {
        return section(
                h2("Ranks"),
                figures.slowest()
                        .map(slowest -> (DomContent) p(Headline.slowest(figures, slowest)))
                        .orElse(div()),
                RankTable.of(figures));
    }

    private static DomContent step(Figures figures) {
        return section(h2("One step"), StepPicture.of(figures.summary().step()));
    }

    private static DomContent traffic(Figures figures) {
        return section(h2("Bytes by transport"), SmallTables.traffic(figures.summary().traffic()));
    }

    private static DomContent end(RunFacts facts) {
        return section(
                h2("How it ended"),
                p(Headline.ending(facts)),
                facts.attempts()
                        .map(lines -> (DomContent) pre(lines).withClass("lines"))
                        .orElse(div()),
                SmallTables.fates(facts.ranks()));
    }

    private static DomContent settings(Figures figures) {
        return section(h2("Settings"), SmallTables.settings(figures.summary().settings()));
    }

    private static DomContent foot(Optional<Figures> figures) {
        long lost = figures.map(known -> known.summary().lostEvents()).orElse(0L);
        String missing =
                lost == 0
                        ? ""
                        : " %s events came faster than they could be summed up, and are missing in these figures."
                                .formatted(Words.count(lost));
        return footer("Written by jhorovodrun --report." + missing);
    }
}
