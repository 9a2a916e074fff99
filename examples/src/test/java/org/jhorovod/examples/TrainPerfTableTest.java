package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TrainPerfTableTest {
    private static final int BEHIND_THE_RANK = 80 - "[0]<stdout>:".length();

    @Test
    void header_saysWhatIsTrained_where_andHow() {
        List<String> lines = TrainPerfTable.header(header());

        assertThat(lines)
                .containsExactly(
                        "# resnet18, 11,173,962 parameters, 16 images a rank and step, on cpu",
                        "# 2 ranks on 1 host, shm, 1 compute thread a rank",
                        "# rank 0's host: 2 cores, JDK 17.0.1",
                        "# step: median of 10 blocks of 40 steps, each of its slowest rank")
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(BEHIND_THE_RANK));
    }

    @Test
    void comparison_hasALineForEachMode_andForEachRatio() {
        TrainPerfReport report =
                new TrainPerfReport(
                        header(),
                        List.of(row("on", 12.3456, 0.0625), row("off", 1234.56, 0)),
                        List.of(new StepRatio("on", "off", 1.23456, 1.1, 1.35)),
                        memory(),
                        true);

        assertThat(TrainPerfTable.body(report))
                .containsExactly(
                        "#",
                        "#   sync      step       min       max    images   waiting   control",
                        "#               ms        ms        ms        /s         %         B",
                        "      on    12.346     1.000    2000.0      99.6       6.3      93.8",
                        "     off    1234.6     1.000    2000.0      99.6       0.0      93.8",
                        "#",
                        "#  ratio  of steps 95 % from        to",
                        "  on/off     1.235     1.100     1.350",
                        "#",
                        "# resident size: 412.0 MiB at its peak, with a heap of up to 256 MiB",
                        "# after the first round 401.0 MiB, after the last 402.5 MiB",
                        "# parameters of all ranks: equal OK")
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(BEHIND_THE_RANK));
    }

    @Test
    void singleMode_hasNoRatios_andOneThatDoesNotAverageNoParametersToCompare() {
        TrainPerfReport report = report(SyncMode.NONE, true);

        assertThat(report.sameParameters()).isNull();
        assertThat(TrainPerfTable.body(report)).hasSize(7).element(3).asString().contains("none");
    }

    @Test
    void differentParameters_areSaidToBeAFailure() {
        assertThat(TrainPerfTable.body(report(SyncMode.ON, false)))
                .last()
                .isEqualTo("# parameters of all ranks: different FAILED");
    }

    @Test
    void imagesPerSecond_areThoseOfAllRanks() {
        TrainPerfRow row = report(SyncMode.OFF, true).modes().get(0);

        assertThat(row.sync()).isEqualTo("off");
        assertThat(row.stepMillis()).isEqualTo(8);
        assertThat(row.imagesPerSecond()).isEqualTo(4000); // 2 ranks, 16 images each
    }

    private static TrainPerfReport report(SyncMode mode, boolean isSame) {
        StepTimes times = new StepTimes(mode, List.of(new double[] {7, 8, 9}), 0.5, 93.75);
        return TrainPerfReport.of(header(), List.of(times), memory(), isSame);
    }

    private static TrainPerfHeader header() {
        return new TrainPerfHeader(
                "resnet18", 11_173_962, 16, "cpu", 2, 1, "shm", 1, 2, "17.0.1", 40, 10);
    }

    /** Of two ranks, after three rounds. */
    private static TrainPerfMemory memory() {
        return new TrainPerfMemory(
                256,
                new double[] {410, 412},
                List.of(
                        new double[] {401, 400},
                        new double[] {405, 409},
                        new double[] {401, 402.5}));
    }

    private static TrainPerfRow row(String sync, double stepMillis, double waitingShare) {
        return new TrainPerfRow(sync, stepMillis, 1, 2000, 99.6, waitingShare, 93.75, List.of());
    }
}
