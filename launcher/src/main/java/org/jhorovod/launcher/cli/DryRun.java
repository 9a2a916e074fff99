package org.jhorovod.launcher.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.launcher.job.AgentCommandLine;
import org.jhorovod.launcher.job.JobSpec;
import org.jhorovod.launcher.job.MpirunStart;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.jhorovod.launcher.plan.ShellWord;

/** What a job would do, in words: which rank runs where, and every command line. */
final class DryRun {
    private DryRun() {}

    /**
     * The lines to print.
     *
     * @param isThisHost whether a host of the job needs no other command to be reached
     */
    static List<String> describe(JobSpec spec, Predicate<String> isThisHost) {
        Map<String, List<Topology>> byHost = byHost(spec.places());
        List<String> lines = new ArrayList<>();
        lines.add(
                "%s on %s; nothing is started."
                        .formatted(
                                count(spec.places().size(), "rank"), count(byHost.size(), "host")));
        byHost.forEach(
                (host, places) -> {
                    lines.add("");
                    lines.add(host + (isThisHost.test(host) ? " (this host):" : ":"));
                    places.forEach(place -> lines.add("  " + describe(place)));
                    if (!isThisHost.test(host) && !spec.isUnderMpirun()) {
                        lines.add(
                                "  reached by: "
                                        + ShellWord.join(AgentCommandLine.there(host, spec)));
                    }
                });
        lines.add("");
        if (!spec.environment().isEmpty()) {
            lines.add(
                    "Variables that ranks get on all hosts: "
                            + spec.environment().stream()
                                    .map(EnvironmentChange::name)
                                    .collect(Collectors.joining(" ")));
        }
        lines.add("Each rank runs: " + ShellWord.join(spec.command()));
        if (spec.isUnderMpirun()) {
            lines.add("All ranks are started by: " + ShellWord.join(MpirunStart.command(spec)));
        }
        return lines;
    }

    private static Map<String, List<Topology>> byHost(List<Topology> places) {
        return places.stream()
                .collect(
                        Collectors.groupingBy(
                                Topology::host, LinkedHashMap::new, Collectors.toList()));
    }

    private static String describe(Topology place) {
        return "rank %d: local rank %d of %d, cross rank %d of %d"
                .formatted(
                        place.rank(),
                        place.localRank(),
                        place.localSize(),
                        place.crossRank(),
                        place.crossSize());
    }

    private static String count(int number, String thing) {
        return number + " " + thing + (number == 1 ? "" : "s");
    }
}
