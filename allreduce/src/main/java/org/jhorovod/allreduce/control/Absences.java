package org.jhorovod.allreduce.control;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.control.Whereabouts.Inquiry;

/** Words for what ranks do that others wait for. */
public final class Absences {
    private static final String ADVICE =
            "\n  Look for a branch, a data loader or an end of data that differs between these"
                    + " ranks.";

    private final ControlPlane control;

    /** Of the ranks of a communicator. */
    public Absences(ControlPlane control) {
        this.control = control;
    }

    /** How a report begins. */
    public String heading() {
        String group = control.calls().group();
        return group.isEmpty() ? "Stalled:" : "Stalled in %s:".formatted(group);
    }

    /** A line for each rank that has not called what the others have, in the order of all. */
    public String describe(Collection<Integer> ranks, Inquiry asked) {
        return describe(ranks, asked, rank -> "last it called " + control.lastOperation(rank));
    }

    /**
     * A line for each rank, with its stack where it has answered, of those that were asked.
     *
     * @param lastCall what a rank has called last, as a clause about it
     */
    public String describe(Collection<Integer> ranks, Inquiry asked, IntFunction<String> lastCall) {
        Map<Integer, String> silent = control.silent();
        StringBuilder text = new StringBuilder();
        for (int rank : asked.ranks()) {
            if (ranks.contains(rank)) {
                text.append(
                        "\n  Rank %d on %s: %s; %s."
                                .formatted(
                                        rank,
                                        control.host(rank),
                                        lastCall.apply(rank),
                                        asked.of(rank).orElseGet(() -> unanswered(rank, silent))));
            }
        }
        List<Integer> others =
                ranks.stream().filter(rank -> !asked.ranks().contains(rank)).toList();
        if (!others.isEmpty()) {
            text.append("\n  And %s, which were not asked.".formatted(ranks(others)));
        }
        return text.toString();
    }

    /** What to do, where these ranks run. */
    public String advice(Collection<Integer> ranks) {
        return control.silent().keySet().containsAll(ranks) ? "" : ADVICE;
    }

    private static String unanswered(int rank, Map<Integer, String> silent) {
        return silent.getOrDefault(rank, "it lives, but did not answer");
    }

    /** The numbers of ranks, in words. */
    public static String ranks(Collection<Integer> ranks) {
        String numbers = ranks.stream().map(String::valueOf).collect(Collectors.joining(", "));
        return (ranks.size() == 1 ? "rank " : "ranks ") + numbers;
    }
}
