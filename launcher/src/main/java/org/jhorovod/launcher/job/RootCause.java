package org.jhorovod.launcher.job;

import com.google.common.collect.ImmutableSortedMap;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.rendezvous.LostReport;

/**
 * The rank that made a job fail.
 *
 * @param rank its number
 * @param exitCode what the launcher exits with: the rank's own code, or 1 if that is 0 or unknown
 * @param toldSurvivors what a rank that missed it was told; empty if none did
 */
record RootCause(int rank, int exitCode, Optional<String> toldSurvivors) {
    private static final int KILLED = 128 + 9; // by SIGKILL

    /**
     * Finds who failed first. A rank that posted whom it lost is a victim, and so is one that
     * failed only after the launcher had sent it a signal. The first failure of another rank is the
     * root cause. Where there is none, it is the rank that most victims name; if that is a victim
     * itself, the one that it names, and so on.
     *
     * <p>One rank comes before all these: the one that victims name and that not even SIGTERM could
     * end, for it was stopped or hung. A victim names the first rank that it loses; it sees a death
     * at once and a standstill only after the liveness timeout. So the standstill came before any
     * failure, unless some victim names a rank that failed.
     *
     * @param exits in the order in which the ranks ended
     * @param reports what ranks posted, by the rank that did
     * @return empty if no rank failed and none was missed
     */
    static Optional<RootCause> decide(List<RankExit> exits, Map<Integer, LostReport> reports) {
        ImmutableSortedMap<Integer, LostReport> sorted = ImmutableSortedMap.copyOf(reports);
        List<Integer> failed =
                exits.stream()
                        .filter(e -> e.isFailure() && !e.wasSignalled())
                        .map(RankExit::rank)
                        .filter(rank -> !sorted.containsKey(rank))
                        .toList();
        return standingStill(exits, sorted)
                .filter(rank -> failed.stream().noneMatch(f -> isNamed(f, sorted)))
                .or(() -> failed.stream().findFirst())
                .or(() -> mostNamed(exits, sorted))
                .or(() -> firstFailure(exits))
                .map(rank -> of(rank, exits, sorted));
    }

    private static Optional<Integer> standingStill(
            List<RankExit> exits, Map<Integer, LostReport> reports) {
        return mostNamed(exits, reports)
                .filter(rank -> !reports.containsKey(rank))
                .filter(rank -> exits.contains(new RankExit(rank, KILLED, true)));
    }

    private static boolean isNamed(int rank, Map<Integer, LostReport> reports) {
        return reports.values().stream().anyMatch(report -> report.lostRank() == rank);
    }

    private static Optional<Integer> mostNamed(
            List<RankExit> exits, Map<Integer, LostReport> reports) {
        Map<Integer, Long> votes =
                reports.entrySet().stream()
                        .filter(e -> e.getKey() != e.getValue().lostRank())
                        .map(e -> e.getValue().lostRank())
                        .collect(Collectors.groupingBy(rank -> rank, Collectors.counting()));
        Comparator<Map.Entry<Integer, Long>> byVotes = Map.Entry.comparingByValue();
        return votes.entrySet().stream()
                .max(
                        byVotes.thenComparing(e -> !reports.containsKey(e.getKey()))
                                .thenComparing(e -> -orderOfEnd(e.getKey(), exits))
                                .thenComparing(e -> -e.getKey()))
                .map(e -> followedFrom(e.getKey(), reports));
    }

    private static int followedFrom(int rank, Map<Integer, LostReport> reports) {
        Set<Integer> seen = new HashSet<>();
        int current = rank;
        while (seen.add(current)) {
            LostReport report = reports.get(current);
            if (report == null) {
                return current;
            }
            current = report.lostRank();
        }
        return rank; // they name each other in a circle
    }

    private static int orderOfEnd(int rank, List<RankExit> exits) {
        for (int i = 0; i < exits.size(); i++) {
            if (exits.get(i).rank() == rank) {
                return i;
            }
        }
        return exits.size();
    }

    private static Optional<Integer> firstFailure(List<RankExit> exits) {
        return exits.stream().filter(RankExit::isFailure).map(RankExit::rank).findFirst();
    }

    private static RootCause of(int rank, List<RankExit> exits, Map<Integer, LostReport> reports) {
        int code =
                exits.stream()
                        .filter(e -> e.rank() == rank && e.isFailure())
                        .map(RankExit::code)
                        .findFirst()
                        .orElse(RankExit.UNKNOWN_CODE);
        return new RootCause(rank, code, toldAbout(rank, reports.values()));
    }

    private static Optional<String> toldAbout(int rank, Collection<LostReport> reports) {
        return reports.stream()
                .filter(r -> r.lostRank() == rank)
                .map(LostReport::message)
                .findFirst();
    }
}
