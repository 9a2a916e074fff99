package org.jhorovod.allreduce.timeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.timeline.Event.Detail;
import org.jhorovod.allreduce.timeline.Event.Kind;
import org.jhorovod.allreduce.timeline.Event.Party;
import org.junit.jupiter.api.Test;

class RunFiguresTest {
    private static final long START = TimeUnit.SECONDS.toNanos(1000);
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private final RunFigures figures = new RunFigures(2, START, 77);

    private static Event step(long startMillis, long millis, long samples, long waitedMillis) {
        return new Event(
                Kind.SPAN,
                "training",
                "STEP",
                "",
                0,
                START + startMillis * MILLI,
                millis * MILLI,
                Detail.step(samples, waitedMillis * MILLI));
    }

    private static Event reduction(
            String track, long sequence, String tensor, long startMillis, long millis) {
        return reduction(new Party(0, 2), track, sequence, tensor, startMillis, millis);
    }

    private static Event reduction(
            Party party,
            String track,
            long sequence,
            String tensor,
            long startMillis,
            long millis) {
        return new Event(
                Kind.SPAN,
                track,
                "ALL_REDUCE",
                tensor,
                1000,
                START + startMillis * MILLI,
                millis * MILLI,
                Detail.collective(sequence, party, FusedTensors.NONE));
    }

    private void add(int rank, Event... events) {
        figures.add(rank, "host" + rank, List.of(events), 0);
    }

    private RunSummary summary(long millis) {
        return figures.summary(
                START + millis * MILLI,
                track -> track.equals("engine") ? "tcp" : null,
                List.of(),
                0);
    }

    @Test
    void steps_andWhatTheyWaited_lieInTheirWindows() {
        add(0, step(100, 300, 32, 150)); // over windows 0 and 1, of 250 ms each
        RunSummary.Rank rank = summary(500).ranks().get(0);
        assertThat(rank.host()).isEqualTo("host0");
        assertThat(rank.windows())
                .containsExactly(
                        new RunSummary.Window(0, 0, 150_000, 75_000, 0, 0, 0),
                        new RunSummary.Window(1, 32, 150_000, 75_000, 0, 0, 0));
    }

    @Test
    void eventsThatHadNoRoom_areCountedForAllRanks() {
        figures.add(0, "host0", List.of(), 3);
        figures.add(1, "host1", List.of(), 4);
        assertThat(summary(500).lostEvents()).isEqualTo(7);
    }

    @Test
    void waitingForPeers_endsWhenTheLastRankComes_whichIsTheLateOne() {
        add(0, reduction("engine", 7, "w", 0, 100));
        add(1, reduction("engine", 7, "w", 60, 40));
        RunSummary summary = summary(250);
        assertThat(summary.ranks().get(0).total().peerMicros()).isEqualTo(60_000);
        assertThat(summary.ranks().get(0).total().collectiveMicros()).isEqualTo(100_000);
        assertThat(summary.ranks().get(1).total().peerMicros()).isZero();
        assertThat(summary.ranks().get(1).lastCount()).isEqualTo(1);
        assertThat(summary.ranks().get(1).total().lateMicros()).isEqualTo(60_000);
        assertThat(summary.ranks().get(0).lastCount()).isZero();
    }

    @Test
    void phases_areNotCountedBesideTheirCollective() {
        add(0, phase("RING_REDUCE_SCATTER", 0, 60), phase("RING_ALL_GATHER", 60, 40));
        add(0, reduction("engine", 7, "w", 0, 100));
        RunSummary summary = summary(250);
        assertThat(summary.traffic())
                .containsExactly(new RunSummary.Traffic("tcp", "ALL_REDUCE", 1, 1000));
        assertThat(summary.ranks().get(0).total().collectiveMicros()).isEqualTo(100_000);
    }

    private static Event phase(String name, long startMillis, long millis) {
        long start = START + startMillis * MILLI;
        return new Event(Kind.SPAN, "engine", name, "w", 500, start, millis * MILLI);
    }

    @Test
    void collectivesOfOtherGroups_orOfOtherNumbers_areNotPutTogether() {
        Party first = new Party(0, 2);
        Party other = new Party(1, 2);
        add(0, reduction(first, "engine site/", 7, "w", 0, 100), reduction("engine", 8, "w", 0, 1));
        add(1, reduction(other, "engine site/", 7, "w", 60, 40), reduction("engine", 9, "w", 6, 4));
        add(0, reduction(new Party(0, 1), "engine alone/", 7, "w", 0, 100));
        add(1, reduction(new Party(0, 9), "engine none/", 7, "w", 0, 100));
        RunSummary summary = summary(250);
        assertThat(summary.ranks())
                .allSatisfy(
                        rank -> {
                            assertThat(rank.total().peerMicros()).isZero();
                            assertThat(rank.total().lateMicros()).isZero();
                        });
    }

    @Test
    void waitingInsideAGroup_isWaiting_ofItsRanksAlone() {
        RunFigures ofFour = new RunFigures(4, START, 77);
        for (int group = 0; group < 2; group++) {
            Party party = new Party(group, 2); // ranks 0 and 2, and 1 and 3
            long late = 10 + 50L * group;
            ofFour.add(group, "a", List.of(reduction(party, "engine s/", 1, "w", 0, late + 1)), 0);
            ofFour.add(group + 2, "b", List.of(reduction(party, "engine s/", 1, "w", late, 1)), 0);
        }
        assertThat(ofFour.summary(START + 250 * MILLI, track -> null, List.of(), 0).ranks())
                .extracting(
                        rank -> rank.total().peerMicros(),
                        rank -> rank.total().lateMicros(),
                        RunSummary.Rank::lastCount)
                .containsExactly(
                        tuple(10_000L, 0L, 0L),
                        tuple(60_000L, 0L, 0L),
                        tuple(0L, 10_000L, 1L),
                        tuple(0L, 60_000L, 1L));
    }

    @Test
    void bytes_addUpByTransportAndKind() {
        add(0, reduction("engine", 1, "w", 0, 1), reduction("engine", 2, "w", 2, 1));
        add(1, reduction("engine", 1, "w", 0, 1), reduction("engine site/", 1, "w", 3, 1));
        assertThat(summary(10).traffic())
                .containsExactlyInAnyOrder(
                        new RunSummary.Traffic("tcp", "ALL_REDUCE", 3, 3000),
                        new RunSummary.Traffic("other", "ALL_REDUCE", 1, 1000));
    }

    @Test
    void averageStep_showsWhenEachBucketIsReduced_withoutTheFirstSteps() {
        long now = 0;
        for (int i = 0; i < 5; i++) {
            long took = i < 3 ? 900 : 100;
            add(
                    0,
                    reduction("engine", 2L * i, "outside", now, 1),
                    reduction("engine", 2L * i + 1, "bucket", now + 60, 10 + 20 * (i % 2)),
                    step(now + 20, took, 32, 10));
            now += 1000;
        }
        RunSummary.Step step = summary(now).step();
        assertThat(step.count()).isEqualTo(2);
        assertThat(step.micros()).isEqualTo(100_000);
        assertThat(step.parts())
                .containsExactly(
                        new RunSummary.Part("bucket", "ALL_REDUCE", 1000, 2, 40_000, 20_000));
    }

    @Test
    void aLongRun_keepsItsSums_inABoundedNumberOfWindows() {
        long hours = TimeUnit.HOURS.toMillis(10);
        long count = 0;
        for (long now = 0; now + 1000 < hours; now += 1000) {
            add(0, step(now, 800, 64, 200));
            count++;
        }
        RunSummary.Rank rank = summary(hours).ranks().get(0);
        assertThat(rank.windows()).hasSizeBetween(100, 240);
        assertThat(rank.total().steps()).isEqualTo(count);
        assertThat(rank.total().samples()).isEqualTo(64 * count);
        assertThat((double) rank.total().stepMicros())
                .isCloseTo(count * 800_000.0, within(count * 10.0));
    }

    @Test
    void manyRanks_haveFewerWindowsEach() {
        RunFigures many = new RunFigures(512, START, 0);
        for (int i = 0; i < 1000; i++) {
            many.add(511, "h", List.of(step(i * 1000L, 500, 1, 0)), 0);
        }
        assertThat(many.summary(START, track -> null, List.of(), 0).ranks().get(511).windows())
                .hasSizeBetween(8, 16);
    }

    @Test
    void groupsThatAreMadeAgainAndAgain_haveABoundedNumberOfSums() {
        for (int i = 0; i < 1000; i++) {
            add(0, reduction("engine split" + i + "/", 0, "w", i, 1));
        }
        List<RunSummary.Traffic> traffic =
                figures.summary(START, track -> track, List.of(), 0).traffic();
        assertThat(traffic).hasSizeLessThan(300);
        assertThat(traffic.stream().mapToLong(RunSummary.Traffic::count).sum()).isEqualTo(1000);
    }

    @Test
    void timesThatCannotBe_areLeftOut() {
        add(0, step(0, 100, 32, 0));
        for (long nanos : new long[] {Long.MAX_VALUE, Long.MIN_VALUE}) {
            Event.Detail detail = Detail.step(1, 0);
            add(0, new Event(Kind.SPAN, "training", "STEP", "", 0, nanos, 1, detail));
            add(0, new Event(Kind.SPAN, "training", "STEP", "", 0, START, nanos, detail));
        }
        assertThat(summary(250).ranks().get(0).total().stepMicros()).isEqualTo(100_000);
        assertThat(summary(250).windowMicros()).isEqualTo(250_000);
    }

    @Test
    void lostEvents_areCounted() {
        figures.add(0, "h", List.of(), 5);
        figures.add(1, "h", List.of(), 2);
        assertThat(summary(1).lostEvents()).isEqualTo(7);
    }

    @Test
    void whatIsNeverPutTogether_isForgotten() {
        for (int i = 0; i < 10_000; i++) {
            add(0, reduction("engine", i, "w", i, 1));
        }
        add(1, reduction("engine", 0, "w", 50, 1), reduction("engine", 9_999, "w", 20_000, 1));
        assertThat(summary(20_000).ranks().get(1).lastCount()).isEqualTo(1);
    }
}
