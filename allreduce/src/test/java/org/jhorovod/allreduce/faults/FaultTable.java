package org.jhorovod.allreduce.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The rows of all trials, for people. */
final class FaultTable {
    private final List<Row> rows = new ArrayList<>();

    /** A trial and what came of it. */
    private record Row(Trial trial, TrialRun.Result result) {

        String text() {
            return "%-12d %s%s%n             %s, %.1f s, %s"
                    .formatted(
                            trial.seed(),
                            trial.describe(),
                            result.note(),
                            result.problems().isEmpty() ? "right" : "WRONG " + result.problems(),
                            result.seconds(),
                            result.ends().stream()
                                    .map(RankEnd::describe)
                                    .collect(Collectors.joining(", ")));
        }
    }

    void add(Trial trial, TrialRun.Result result) {
        rows.add(new Row(trial, result));
    }

    /** All rows. */
    String text() {
        return rows.stream().map(Row::text).collect(Collectors.joining("\n", "\n", "\n"));
    }

    /** A line for each fault on each way, and one for all. */
    String summary() {
        Map<String, List<Row>> groups = new TreeMap<>();
        for (Row row : rows) {
            String group = row.trial.fault() + " " + row.trial.way();
            groups.computeIfAbsent(group, name -> new ArrayList<>()).add(row);
        }
        StringBuilder text = new StringBuilder("\n");
        groups.forEach((name, group) -> text.append(line(name, group)));
        return text.append(line("all", rows)).toString();
    }

    private static String line(String name, List<Row> group) {
        long right = group.stream().filter(row -> row.result.problems().isEmpty()).count();
        double least = group.stream().mapToDouble(r -> r.result.seconds()).min().orElse(0);
        double most = group.stream().mapToDouble(r -> r.result.seconds()).max().orElse(0);
        return String.format(
                Locale.ROOT,
                "%-26s %3d trials, %3d right, %5.1f to %5.1f s%n",
                name,
                group.size(),
                right,
                least,
                most);
    }
}
