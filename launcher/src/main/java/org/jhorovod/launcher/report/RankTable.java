package org.jhorovod.launcher.report;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.tr;

import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jhorovod.allreduce.timeline.RunSummary;

/** The figures of each rank. */
final class RankTable {

    private RankTable() {}

    static DomContent of(Figures figures) {
        List<DomContent> rows = new ArrayList<>();
        double most = 0;
        for (int rank = 0; rank < figures.size(); rank++) {
            most = Math.max(most, figures.throughput(rank));
        }
        for (int rank = 0; rank < figures.size(); rank++) {
            rows.add(row(figures, rank, most));
        }
        return div(table(thead(tr(each(heads(figures), head -> head))), tbody(each(rows, r -> r))))
                .withClass("wide");
    }

    private static List<DomContent> heads(Figures figures) {
        List<DomContent> heads = new ArrayList<>();
        heads.add(th("rank"));
        heads.add(th("host").withClass("text"));
        if (figures.hasSteps()) {
            heads.add(th(figures.unit()));
            heads.add(th("steps"));
            heads.add(th("work a step"));
            heads.add(th("computing"));
        }
        heads.add(th("communication"));
        heads.add(th("waiting"));
        heads.add(th("outside"));
        heads.add(th("came last"));
        heads.add(th("late in all"));
        return heads;
    }

    private static DomContent row(Figures figures, int rank, double most) {
        RunSummary.Rank told = figures.summary().ranks().get(rank);
        Shares shares = figures.shares(rank);
        List<DomContent> cells = new ArrayList<>();
        cells.add(td(String.valueOf(rank)));
        cells.add(td(told.host().isEmpty() ? "never heard of" : told.host()).withClass("text"));
        if (figures.hasSteps()) {
            cells.add(speed(figures.throughput(rank), most));
            cells.add(td(Words.count(figures.total(rank).steps())));
            cells.add(td(Words.micros(figures.busyMicros(rank))));
            cells.add(td(Words.percent(shares.compute())));
        }
        cells.add(td(Words.percent(shares.communication())));
        cells.add(td(Words.percent(shares.waiting())));
        cells.add(td(Words.percent(shares.outside())));
        cells.add(td(Words.times(told.lastCount())));
        cells.add(td(Words.micros(figures.lateMicros(rank))));
        return tr(each(cells, cell -> cell));
    }

    private static DomContent speed(double throughput, double most) {
        double width = most == 0 ? 0 : 100 * throughput / most;
        return td(
                div(Words.count(throughput)),
                div(div().withClass("bar compute")
                                .withStyle(
                                        String.format(Locale.ROOT, "left:0;width:%.1f%%", width)))
                        .withClass("meter"));
    }
}
