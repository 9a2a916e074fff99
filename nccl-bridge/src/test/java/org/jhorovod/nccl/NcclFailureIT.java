package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.jhorovod.allreduce.ranks.RankGroup.Outcome;
import org.junit.jupiter.api.Test;

/** Collectives on a device that never end are found, named and ended, once. */
@NeedsDouble
class NcclFailureIT {
    private static final Map<String, String> SHORT =
            Map.of(
                    "JHOROVOD_OPERATION_TIMEOUT_SECONDS",
                    "3",
                    "JHOROVOD_LIVENESS_TIMEOUT_SECONDS",
                    "5");
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    /** The deadline, the time that the ranks need to tell each other, and a loaded machine. */
    private static final long LATEST_MILLIS = 9_000;

    private record Report(String exception, int lost, long millis, int aborts, String message) {
        static Report of(Outcome outcome) {
            assertThat(outcome.hasFailed()).as(outcome.text()).isFalse();
            String[] parts = outcome.text().split("\\|", 5);
            return new Report(
                    parts[0],
                    Integer.parseInt(parts[1]),
                    Long.parseLong(parts[2]),
                    Integer.parseInt(parts[3]),
                    parts[4]);
        }
    }

    @Test
    void anAsynchronousError_endsTheJob_andSaysWhichRankMetIt() throws IOException {
        // The verdict of the control plane is waited for as long as a peer's silence may take.
        Map<String, String> patient =
                Map.of(
                        "JHOROVOD_OPERATION_TIMEOUT_SECONDS",
                        "60",
                        "JHOROVOD_LIVENESS_TIMEOUT_SECONDS",
                        "2");
        List<Report> reports = failingWith(patient, Map.of("NCCL_DOUBLE_ERROR_AFTER", "5"));
        assertThat(reports)
                .allSatisfy(
                        report -> {
                            assertThat(report.exception()).isEqualTo("PeerLostException");
                            assertThat(report.lost()).isEqualTo(1);
                            assertThat(report.millis()).isLessThan(LATEST_MILLIS);
                            assertThat(report.message())
                                    .contains(
                                            "Rank 1 on host-1",
                                            "'gradient'",
                                            "unhandled system error",
                                            "NCCL_DEBUG");
                        });
    }

    @Test
    void aHang_endsAtTheOperationDeadline_andNamesTheOperation() throws IOException {
        List<Report> reports = failingWith(SHORT, Map.of("NCCL_DOUBLE_HANG_AFTER", "5"));
        assertThat(reports)
                .allSatisfy(
                        report -> {
                            assertThat(report.exception()).isEqualTo("OperationTimeoutException");
                            assertThat(report.millis()).isBetween(2_500L, LATEST_MILLIS);
                            assertThat(report.message())
                                    .contains(
                                            "'gradient'",
                                            "on host-",
                                            "JHOROVOD_OPERATION_TIMEOUT_SECONDS");
                        });
    }

    @Test
    void aPeersDeath_isNamed_whenNcclSeesIt() throws IOException {
        requireLossOfRank1(Map.of());
    }

    @Test
    void aPeersDeath_isNamed_whenNcclHangs() throws IOException {
        requireLossOfRank1(Map.of("NCCL_DOUBLE_DEATH_IS_HANG", "1"));
    }

    /** Lets rank 1 fail by a switch of the double; what both ranks report. */
    private static List<Report> failingWith(
            Map<String, String> settings, Map<String, String> ofRank1) throws IOException {
        Map<String, String> failing = new HashMap<>(settings);
        failing.putAll(ofRank1);
        try (RankGroup ranks = DoubleRanks.start(List.of(settings, failing))) {
            List<Report> reports = new ArrayList<>();
            ranks.outcomes(FailingCase.class, "-1")
                    .forEach(outcome -> reports.add(Report.of(outcome)));
            assertThat(ranks.run(CountersCase.class, "aborts", "uses of a dead communicator"))
                    .containsOnly("1 aborts, 0 uses of a dead communicator");
            requireNothingLeft(ranks);
            return reports;
        }
    }

    private static void requireLossOfRank1(Map<String, String> switches) throws IOException {
        Map<String, String> all = new HashMap<>(SHORT);
        all.putAll(switches);
        try (RankGroup ranks = DoubleRanks.start(3, all)) {
            List<Outcome> outcomes = ranks.outcomes(FailingCase.class, "1");
            assertThat(outcomes.get(1).hasFailed()).isTrue();
            for (int survivor : new int[] {0, 2}) {
                Report report = Report.of(outcomes.get(survivor));
                assertThat(report.exception()).isEqualTo("PeerLostException");
                assertThat(report.lost()).isEqualTo(1);
                assertThat(report.millis()).isLessThan(LATEST_MILLIS);
                assertThat(report.message()).contains("ank 1 on host-1");
                assertThat(report.aborts()).as("aborts of rank " + survivor).isEqualTo(1);
            }
            requireNothingLeft(ranks);
        }
    }

    private static void requireNothingLeft(RankGroup ranks) throws IOException {
        try (Stream<Path> files = Files.list(SHARED_MEMORY)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .noneMatch(name -> name.startsWith("jhorovod-nccl-double-" + ranks.pid(0)));
        }
    }

    @Test
    void synchronize_saysWhichSumsAreWhole_whenALaterOneHangs() {
        Map<String, String> hanging = new HashMap<>(SHORT);
        // The first is the one of the meeting.
        hanging.put("NCCL_DOUBLE_HANG_AFTER", "4");
        try (RankGroup ranks = DoubleRanks.start(2, hanging)) {
            assertThat(ranks.run(SynchronizeCase.class, "10"))
                    .containsOnly("3 whole, then OperationTimeoutException");
        }
    }

    @Test
    void synchronize_waitsUntilSlowSumsHaveRun() {
        Map<String, String> slow = Map.of("NCCL_DOUBLE_REDUCTION_DELAY_MICROS", "100000");
        try (RankGroup ranks = DoubleRanks.start(2, slow)) {
            long start = System.nanoTime();
            assertThat(ranks.run(SynchronizeCase.class, "5")).containsOnly("5 whole");
            assertThat(System.nanoTime() - start).isGreaterThan(500_000_000L);
        }
    }

    @Test
    void nothingIsLeft_whenTheJobEndsInGoodOrder() throws IOException {
        try (RankGroup ranks = DoubleRanks.start(2, SHORT)) {
            assertThat(ranks.run(CollectiveTable.class, "10")).hasSize(2);
            assertThat(
                            ranks.run(
                                    CountersCase.class,
                                    "aborts",
                                    "communicators",
                                    "device allocations",
                                    "streams",
                                    "events",
                                    "reductions",
                                    "uses of a dead communicator"))
                    .containsOnly(
                            "0 aborts, 0 communicators, 0 device allocations, 0 streams, 0 events,"
                                    + " 0 reductions, 0 uses of a dead communicator");
            requireNothingLeft(ranks);
        }
    }

    @Test
    void aConnectionThatNeverComes_endsAtTheStartDeadline_andSaysWhatToLookAt() {
        Map<String, String> patient = Map.of("JHOROVOD_START_TIMEOUT_SECONDS", "6");
        Map<String, String> slow = new HashMap<>(patient);
        slow.put("NCCL_DOUBLE_INIT_DELAY_MICROS", "60000000");
        try (RankGroup ranks = DoubleRanks.start(List.of(patient, slow))) {
            for (Outcome outcome : ranks.outcomes(FailingCase.class, "-1")) {
                Report report = Report.of(outcome);
                assertThat(report.millis()).isBetween(5_000L, 16_000L);
                assertThat(report.message())
                        .contains(
                                "waited 6.0 s for NCCL to connect all ranks",
                                "NCCL_SOCKET_IFNAME",
                                "JHOROVOD_START_TIMEOUT_SECONDS");
            }
            assertThat(ranks.run(CountersCase.class, "aborts")).containsOnly("1 aborts");
        }
    }

    @Test
    void aRankThatClosesWithAStuckCollective_waitsForItNoLongerThanItsDeadline()
            throws IOException {
        Map<String, String> stuck = new HashMap<>(SHORT);
        stuck.put("NCCL_DOUBLE_HANG_AFTER", "3");
        try (RankGroup ranks = DoubleRanks.start(2, stuck)) {
            assertThat(ranks.run(StuckCase.class)).containsOnly("1 aborts");
            requireNothingLeft(ranks);
        }
    }

    @Test
    void aRankThatCloses_waitsUntilItsSlowSumsHaveRun() {
        Map<String, String> slow = Map.of("NCCL_DOUBLE_REDUCTION_DELAY_MICROS", "600000");
        try (RankGroup ranks = DoubleRanks.start(2, slow)) {
            // Six of them, which is longer than a failed job is given.
            assertThat(ranks.run(StuckCase.class)).containsOnly("0 aborts");
        }
    }

    @Test
    void aTensorOnAnotherDevice_isRefused_withBothDevices() {
        try (RankGroup ranks = DoubleRanks.start(2, Map.of("NCCL_DOUBLE_DEVICES", "2"))) {
            assertThat(ranks.run(OtherDeviceCase.class))
                    .allSatisfy(
                            text ->
                                    assertThat(text)
                                            .contains(
                                                    "FLOAT32[1] on device 1",
                                                    "works on device 0",
                                                    "'b'"));
        }
    }

    @Test
    void ranksWithDifferentVersionsOfNccl_areToldBoth() {
        Map<String, String> newer = Map.of("NCCL_DOUBLE_VERSION", "22203");
        try (RankGroup ranks = DoubleRanks.start(List.of(Map.of(), newer))) {
            assertThat(ranks.outcomes(FailingCase.class, "-1"))
                    .allSatisfy(
                            outcome ->
                                    assertThat(outcome.text())
                                            .contains(
                                                    "Rank 1 on host-1 has NCCL 2.22.3",
                                                    "rank 0 has 2.21.5"));
        }
    }

    @Test
    void ranksThatShareAGpu_areToldSo_andWhatToDo() {
        Map<String, String> shared = new HashMap<>(SHORT);
        shared.put("NCCL_DOUBLE_SAME_GPU", "1");
        try (RankGroup ranks = DoubleRanks.start(2, shared)) {
            assertThat(ranks.outcomes(FailingCase.class, "-1"))
                    .allSatisfy(
                            outcome ->
                                    assertThat(outcome.text())
                                            .containsPattern(
                                                    "Rank [01] on host-[01] has the same GPU as"
                                                            + " rank [01]")
                                            .contains(
                                                    "CUDA_VISIBLE_DEVICES", "JHOROVOD_BACKEND=host")
                                            .doesNotContain("control connections"));
        }
    }
}
