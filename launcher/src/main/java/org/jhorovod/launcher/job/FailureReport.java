package org.jhorovod.launcher.job;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.rendezvous.LostReport;

/** The text that says why a job failed. */
final class FailureReport {

    /**
     * What is known of the rank that failed first.
     *
     * @param cause the verdict
     * @param host where it ran
     * @param pid its process; empty if it never had one
     * @param lastLines the end of its output
     */
    record Culprit(RootCause cause, String host, Optional<Long> pid, List<String> lastLines) {}

    private FailureReport() {}

    /** The report, several lines that begin with "because", without a newline at the end. */
    static String of(Culprit culprit, List<RankExit> exits, Map<Integer, LostReport> reports) {
        int rank = culprit.cause().rank();
        StringBuilder text = new StringBuilder("because of rank ");
        text.append(rank);
        text.append(" on ").append(culprit.host());
        culprit.pid().ifPresent(pid -> text.append(" (pid ").append(pid).append(')'));
        text.append(", which ").append(fate(rank, exits)).append('.');
        culprit.cause().toldSurvivors().ifPresent(told -> appendTold(told, text));
        if (culprit.lastLines().isEmpty()) {
            text.append("\n  It printed nothing.");
        } else {
            text.append("\n  Its last lines:");
            culprit.lastLines().forEach(line -> text.append("\n  | ").append(line));
        }
        others(Set.of(rank), exits, reports)
                .ifPresent(o -> text.append("\n  Other ranks: ").append(o));
        return text.toString();
    }

    /**
     * The report where a whole host was lost.
     *
     * @param holder what held its ranks, and where
     * @param how what is known of that one's end
     */
    static String ofHost(
            String holder,
            String how,
            List<RankExit> exits,
            Map<Integer, LostReport> reports,
            Set<Integer> ranksOfHost) {
        Set<Integer> lost =
                exits.stream()
                        .filter(e -> e.wasLost() && ranksOfHost.contains(e.rank()))
                        .map(RankExit::rank)
                        .collect(Collectors.toCollection(TreeSet::new));
        StringBuilder text = new StringBuilder("because ");
        text.append(holder).append(" is lost: ").append(how).append('.');
        text.append("\n  With it went ").append(lost.size() == 1 ? "rank " : "ranks ");
        text.append(lost.stream().map(String::valueOf).collect(Collectors.joining(", ")));
        text.append(".");
        reports.values().stream()
                .filter(report -> lost.contains(report.lostRank()))
                .findFirst()
                .ifPresent(report -> appendTold(report.message(), text));
        others(lost, exits, reports).ifPresent(o -> text.append("\n  Other ranks: ").append(o));
        return text.toString();
    }

    private static void appendTold(String told, StringBuilder text) {
        text.append("\n  Survivors were told: ").append(indent(told));
    }

    private static String indent(String message) {
        return message.strip().replace("\n", "\n    ");
    }

    private static String fate(int rank, List<RankExit> exits) {
        Optional<RankExit> exit = exits.stream().filter(e -> e.rank() == rank).findFirst();
        if (exit.isEmpty()) {
            return "did not end";
        }
        String how = ExitCode.describe(exit.get().code());
        if (exit.get().wasSignalled()) {
            return "did not end by itself (stopped or hung?) and " + how;
        }
        return exit.get().isFailure() ? how : "exited with code 0 while others still needed it";
    }

    /** The others, those with the same fate together. */
    private static Optional<String> others(
            Set<Integer> culprits, List<RankExit> exits, Map<Integer, LostReport> reports) {
        Map<String, List<String>> ranksByFate = new LinkedHashMap<>();
        exits.stream()
                .filter(e -> !culprits.contains(e.rank()))
                .sorted(Comparator.comparingInt(RankExit::rank))
                .forEach(
                        e ->
                                ranksByFate
                                        .computeIfAbsent(
                                                otherFate(e, reports), f -> new ArrayList<>())
                                        .add(Integer.toString(e.rank())));
        return ranksByFate.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        ranksByFate.entrySet().stream()
                                .map(e -> String.join(", ", e.getValue()) + " " + e.getKey())
                                .collect(Collectors.joining("; ")));
    }

    private static String otherFate(RankExit exit, Map<Integer, LostReport> reports) {
        if (exit.wasLost()) {
            return "lost with the agent of their host";
        }
        LostReport report = reports.get(exit.rank());
        String how = exit.wasSignalled() ? "ended by jhorovodrun" : ExitCode.describe(exit.code());
        return report == null ? how : how + " after losing rank " + report.lostRank();
    }
}
