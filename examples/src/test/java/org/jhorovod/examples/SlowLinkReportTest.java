package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SlowLinkReportTest {
    private static final SlowLinkHeader HEADER =
            new SlowLinkHeader(59_904, 64, 0.1f, 2, 2, "tcp", 0.87, 300);
    private static final AccuracyCurve PLAIN =
            new AccuracyCurve(
                    "plain",
                    800,
                    List.of(
                            new CurvePoint(64, 51, 0.75, 64_000_000L),
                            new CurvePoint(128, 103, 0.86, 128_000_000L)));
    private static final AccuracyCurve LOCAL =
            new AccuracyCurve(
                    "local:32,int8",
                    20,
                    List.of(
                            new CurvePoint(64, 1.5, 0.75, 4_000_000L),
                            new CurvePoint(128, 4, 0.88, 8_000_000L),
                            new CurvePoint(192, 6, 0.86, 12_000_000L)));

    @Test
    void aWayThatGotThere_isToldUpToThePointWhereItDidFirst() {
        SlowLinkRow row = report(null).ways().get(1);

        assertThat(row.seconds()).isEqualTo(4);
        assertThat(row.steps()).isEqualTo(128);
        assertThat(row.sentBytes()).isEqualTo(8_000_000L);
        assertThat(row.isEstimated()).isFalse();
    }

    @Test
    void aWayThatDidNot_hasNoTime_andNoRatioIsMade() {
        SlowLinkReport report = report(null);

        assertThat(report.ways()).extracting(SlowLinkRow::timesPlain).containsOnlyNulls();
        assertThat(SlowLinkTable.body(report))
                .contains("# plain did not reach it in time: accuracy 0.8600")
                .anyMatch(line -> line.matches("plain +- +128 +800\\.0 +128\\.0 +-"));
    }

    @Test
    void plainIsEstimated_fromItsKnownSteps_andMarkedSo() {
        SlowLinkReport report = report(200);

        assertThat(report.ways().get(0).seconds()).isEqualTo(160);
        assertThat(report.ways().get(0).isEstimated()).isTrue();
        assertThat(report.ways().get(1).timesPlain()).isEqualTo(40);
        assertThat(SlowLinkTable.body(report))
                .anyMatch(line -> line.matches("plain +~160\\.0 +~200 +800\\.0 +~200\\.0 +1\\.00"))
                .anyMatch(line -> line.startsWith("# ~ estimated"));
    }

    @Test
    void chart_isAPicture(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("curves.png");

        AccuracyChart.write(report(200), file);

        assertThat(ImageIO.read(file.toFile()).getWidth()).isEqualTo(920);
    }

    @Test
    void sentBytes_areThoseOfAllDevicesButTheLoopback() {
        List<String> lines =
                List.of(
                        "Inter-|   Receive                |  Transmit",
                        " face |bytes packets errs drop fifo frame compressed multicast|bytes",
                        "    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0",
                        "  eth0: 5 1 0 0 0 0 0 0 1200 8 0 0 0 0 0 0",
                        "eth1:7 1 0 0 0 0 0 0 34 8 0 0 0 0 0 0");

        assertThat(SentBytes.of(lines)).isEqualTo(1234);
    }

    private static SlowLinkReport report(@Nullable Integer plainSteps) {
        return SlowLinkReport.of(HEADER, List.of(PLAIN, LOCAL), plainSteps);
    }
}
