package org.jhorovod.allreduce.faults;

import com.google.common.base.Ascii;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jhorovod.allreduce.faults.RankReport.Failure;

/** What is wrong with the ends of a trial's ranks. */
final class Verdict {
    private static final int FAILURE = 1; // of a JVM whose main has thrown
    private static final int KILLED = 137;
    private static final Set<String> NAMED =
            Set.of("PeerLostException", "StartException", "OperationTimeoutException");

    private final Trial trial;
    private final Expectation expectation;
    private final RankReport victimThen;
    private final List<String> problems = new ArrayList<>();

    private Verdict(Trial trial, Expectation expectation, RankReport victimThen) {
        this.trial = trial;
        this.expectation = expectation;
        this.victimThen = victimThen;
    }

    /**
     * Judges a trial.
     *
     * @param victimThen what the rank had said when it happened, or somewhat later
     * @return nothing if all is right
     */
    static List<String> problems(
            Trial trial, Expectation expectation, RankReport victimThen, List<RankEnd> ends) {
        Verdict verdict = new Verdict(trial, expectation, victimThen);
        for (RankEnd end : ends) {
            verdict.judgeTruth(end);
            if (expectation.isLoss()) {
                verdict.judgeLoss(end);
            } else {
                verdict.judgeSuccess(end);
            }
        }
        return List.copyOf(verdict.problems);
    }

    private void add(RankEnd end, String what) {
        problems.add("rank %d %s".formatted(end.rank(), what));
    }

    /** Whether the rank was killed: by the fault, or as nobody was left for it to meet. */
    private boolean isKilledByTest(RankEnd end) {
        boolean isKilled =
                trial.fault() == Fault.KILLED || (trial.fault() == Fault.STOPPED && hasNotMet());
        return end.rank() == trial.victim() && isKilled;
    }

    /** What must hold whatever happens: no wrong result, no hang, no crash, no false exit code. */
    private void judgeTruth(RankEnd end) {
        RankReport report = end.report();
        if (report.wrong() != null) {
            add(end, "has a wrong result: " + report.wrong());
        }
        if (end.exitCode() == RankEnd.LATE) {
            add(end, "did not end in time");
            return;
        }
        boolean isKilled = isKilledByTest(end) && end.exitCode() == KILLED;
        if (end.exitCode() != 0 && end.exitCode() != FAILURE && !isKilled) {
            add(end, "crashed with exit code " + end.exitCode());
        }
        if ((end.exitCode() == 0) != report.isDone() && !isKilled) {
            add(end, "is '%s', but exits with %d".formatted(report.describe(), end.exitCode()));
        }
    }

    private void judgeSuccess(RankEnd end) {
        boolean isRefused =
                expectation.mayRefuseStart()
                        && trial.way() == Way.SHM
                        && end.report()
                                .findFailure()
                                .filter(Verdict::tellsOfFullMemory)
                                .isPresent();
        if (!end.report().isDone() && !isRefused) {
            add(end, "did not finish: " + end.report().describe());
        }
    }

    private static boolean tellsOfFullMemory(Failure failure) {
        return failure.type().equals("StartException")
                && failure.message().contains("JHOROVOD_SHARED_MEMORY_FOLDER");
    }

    private void judgeLoss(RankEnd end) {
        if (isKilledByTest(end)) {
            return;
        }
        RankReport report = end.report();
        if (report.isDone() && victimThen.isInLast()) {
            return; // it came too late
        }
        // It was away when the others were told, and may find the first of them gone.
        boolean wasStopped = trial.fault() == Fault.STOPPED && end.rank() == trial.victim();
        boolean isNamed =
                report.findFailure()
                        .filter(f -> wasStopped ? NAMED.contains(f.type()) : namesSuspect(f))
                        .isPresent();
        if (!isNamed) {
            add(
                    end,
                    "does not name one of %s as lost: %s, %s"
                            .formatted(
                                    expectation.suspects(),
                                    report.describe(),
                                    report.findFailure().map(Failure::message).orElse("")));
        }
    }

    private boolean hasNotMet() {
        return victimThen.step() < 0;
    }

    private boolean namesSuspect(Failure failure) {
        if (failure.type().equals("PeerLostException")) {
            return expectation.suspects().contains(failure.lostRank());
        }
        String text = Ascii.toLowerCase(failure.message());
        return failure.type().equals("StartException")
                && hasNotMet()
                && expectation.suspects().stream().anyMatch(rank -> text.contains("rank " + rank));
    }
}
