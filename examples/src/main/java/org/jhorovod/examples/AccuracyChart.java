package org.jhorovod.examples;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The curves of all ways in one picture. */
final class AccuracyChart {
    private static final Color[] COLOURS = { // of Okabe and Ito, told apart by all eyes
        new Color(0, 0, 0),
        new Color(0, 114, 178),
        new Color(213, 94, 0),
        new Color(0, 158, 115),
        new Color(204, 121, 167),
        new Color(230, 159, 0),
        new Color(86, 180, 233)
    };
    private static final float LINE = 2.2f;
    private static final int WIDTH = 920;
    private static final double FLOOR = 0.7; // what is below is over in no time

    private final SlowLinkReport report;
    private final XYChart chart;

    private AccuracyChart(SlowLinkReport report) {
        this.report = report;
        this.chart =
                new XYChartBuilder()
                        .width(WIDTH)
                        .height(400)
                        .title(
                                "mlp on Fashion-MNIST, %d x %d images a step"
                                        .formatted(
                                                report.header().ranks(), report.header().batch()))
                        .xAxisTitle("training time, seconds (logarithmic)")
                        .yAxisTitle("test accuracy, %")
                        .build();
    }

    /** Draws the curves into a PNG file. Needs no screen. */
    static void write(SlowLinkReport report, Path file) throws IOException {
        System.setProperty("java.awt.headless", "true");
        AccuracyChart drawn = new AccuracyChart(report);
        drawn.style();
        drawn.addCurves();
        drawn.addTarget();
        BitmapEncoder.saveBitmap(drawn.chart, file.toString(), BitmapFormat.PNG);
    }

    private void style() {
        XYStyler styler = chart.getStyler();
        styler.setXAxisLogarithmic(true);
        styler.setLegendPosition(LegendPosition.OutsideE);
        styler.setLegendLayout(XYStyler.LegendLayout.Vertical);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setLegendBorderColor(Color.WHITE);
        styler.setPlotGridLinesColor(new Color(220, 220, 220));
        styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
        styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
        styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        styler.setYAxisMin(FLOOR * 100);
        styler.setYAxisDecimalPattern("0");
        styler.setLocale(Locale.ROOT);
    }

    private void addCurves() {
        for (int i = 0; i < report.curves().size(); i++) {
            AccuracyCurve curve = report.curves().get(i);
            SlowLinkRow row = report.ways().get(i);
            List<CurvePoint> shown =
                    curve.points().stream().filter(point -> point.accuracy() >= FLOOR).toList();
            if (shown.isEmpty()) {
                continue;
            }
            Color colour = COLOURS[i % COLOURS.length];
            add(
                    name(row),
                    shown.stream().mapToDouble(CurvePoint::seconds).toArray(),
                    shown.stream().mapToDouble(point -> point.accuracy() * 100).toArray(),
                    colour,
                    new BasicStroke(LINE));
            Double seconds = row.seconds();
            if (row.isEstimated() && seconds != null) {
                CurvePoint last = curve.last();
                add(
                        row.way() + ", estimated",
                        new double[] {last.seconds(), seconds},
                        new double[] {last.accuracy() * 100, report.header().accuracy() * 100},
                        colour,
                        dashes());
            }
        }
    }

    private static String name(SlowLinkRow row) {
        Double seconds = row.seconds();
        return seconds == null
                ? row.way()
                : String.format(
                        Locale.ROOT,
                        seconds < 100 ? "%s: %s%.1f s" : "%s: %s%.0f s",
                        row.way(),
                        row.isEstimated() ? "about " : "",
                        seconds);
    }

    /** A line at the accuracy that was to be reached. */
    private void addTarget() {
        double accuracy = report.header().accuracy() * 100;
        double first = Double.MAX_VALUE;
        double last = 0;
        for (XYSeries series : chart.getSeriesMap().values()) {
            first = Math.min(first, series.getXMin());
            last = Math.max(last, series.getXMax());
        }
        if (last > 0) {
            String name = String.format(Locale.ROOT, "%.0f %%", accuracy);
            double[] height = {accuracy, accuracy};
            add(name, new double[] {first, last}, height, Color.GRAY, new BasicStroke(1));
        }
    }

    private static BasicStroke dashes() {
        return new BasicStroke(
                LINE, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {6, 5}, 0);
    }

    private void add(String name, double[] x, double[] y, Color colour, BasicStroke stroke) {
        XYSeries series = chart.addSeries(name, x, y);
        series.setMarker(SeriesMarkers.NONE);
        series.setLineColor(colour);
        series.setLineStyle(stroke);
    }
}
