package org.jhorovod.launcher.report;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.config.ShownSetting;
import org.jhorovod.allreduce.timeline.RunSummary;
import org.jhorovod.allreduce.timeline.RunSummary.Window;

/**
 * A rank of a made-up run of ten windows of a second, of which the first two are empty, with ten
 * steps in each of the others.
 *
 * @param stepShare of the time
 * @param waitedShare of the steps
 * @param collectiveShare of the time
 * @param peerShare of the collectives
 * @param lateShare of the time
 * @param lateStart by how many microseconds it came late in each of the empty windows
 */
record Run(
        double stepShare,
        double waitedShare,
        double collectiveShare,
        double peerShare,
        double lateShare,
        long lateStart) {
    private static final long SECOND = 1_000_000;
    private static final int EMPTY = 2;
    private static final int ALL = 10;

    static Run steps() {
        return new Run(1, 0, 0.2, 0, 0, 0);
    }

    static Run collectives(double share) {
        return new Run(0, 0, share, 0, 0, 0);
    }

    Run waited(double share) {
        return new Run(stepShare, share, collectiveShare, peerShare, lateShare, lateStart);
    }

    Run peers(double share) {
        return new Run(stepShare, waitedShare, collectiveShare, share, lateShare, lateStart);
    }

    Run late(double share) {
        return new Run(stepShare, waitedShare, collectiveShare, peerShare, share, lateStart);
    }

    Run stepShare(double share) {
        return new Run(share, waitedShare, collectiveShare, peerShare, lateShare, lateStart);
    }

    Run lateStart(long micros) {
        return new Run(stepShare, waitedShare, collectiveShare, peerShare, lateShare, micros);
    }

    private RunSummary.Rank summary(int rank) {
        List<Window> windows = new ArrayList<>();
        for (int i = 0; i < ALL; i++) {
            windows.add(
                    i < EMPTY
                            ? new Window(0, 0, 0, 0, 0, 0, lateStart)
                            : new Window(
                                    stepShare > 0 ? 10 : 0,
                                    stepShare > 0 ? 320 : 0,
                                    (long) (stepShare * SECOND),
                                    Math.round(stepShare * waitedShare * SECOND),
                                    (long) (collectiveShare * SECOND),
                                    Math.round(collectiveShare * peerShare * SECOND),
                                    Math.round(lateShare * SECOND)));
        }
        return new RunSummary.Rank(rank, "host" + rank, 5, windows);
    }

    static RunSummary summary(Run... ranks) {
        return summary(0, ranks);
    }

    static RunSummary summary(int round, Run... ranks) {
        List<RunSummary.Rank> all = new ArrayList<>();
        for (Run rank : ranks) {
            all.add(rank.summary(all.size()));
        }
        return new RunSummary(
                0,
                ALL * SECOND,
                SECOND,
                all,
                List.of(new RunSummary.Traffic("tcp", "ALL_REDUCE", 160, 1_600_000)),
                new RunSummary.Step(
                        77,
                        100_000,
                        20_000,
                        40_000,
                        List.of(
                                new RunSummary.Part(
                                        "bucket <1>", "ALL_REDUCE", 8_000_000, 77, 60_000, 9_000))),
                0,
                List.of(
                        new ShownSetting("JHOROVOD_CODEC", "int8", true),
                        new ShownSetting("JHOROVOD_REDUCE", "auto", false)),
                round);
    }
}
