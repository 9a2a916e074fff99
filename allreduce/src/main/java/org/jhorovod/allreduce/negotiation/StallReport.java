package org.jhorovod.allreduce.negotiation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.control.Channel;
import org.jhorovod.allreduce.control.ControlPlane;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says on rank 0 which tensors some ranks have submitted and others have not, and what these do
 * instead: it asks them. After a longer time it fails the job. Owned by the control thread.
 */
public final class StallReport {
    private static final Logger logger = LoggerFactory.getLogger(StallReport.class);
    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final int MOST_FRAMES = 24;
    private static final int MOST_NAMES = 10;

    private final ControlPlane control;
    private final Times times;
    private final Map<Integer, String> answers = new HashMap<>();
    private long askedNanos; // 0 while nobody is asked
    private long reportedNanos;
    private int stalledNames;

    /**
     * When a stall is told of.
     *
     * @param warning after so long a report is logged, and again each time
     * @param end after so long the job fails
     */
    public record Times(Duration warning, Duration end) {}

    StallReport(ControlPlane control, Times times) {
        this.control = control;
        this.times = times;
        this.reportedNanos = System.nanoTime() - times.warning().toNanos();
    }

    /** What this rank does, for another one. */
    String describeOwn() {
        return control.lastCaller()
                .map(StallReport::describe)
                .orElse("it has not called JHorovod since it started");
    }

    private static String describe(Thread thread) {
        StackTraceElement[] frames = thread.getStackTrace();
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < Math.min(frames.length, MOST_FRAMES); i++) {
            lines.add("\n        at " + frames[i]);
        }
        return "its thread '%s' is %s%s"
                .formatted(
                        thread.getName(),
                        lines.isEmpty() ? "gone" : thread.getState(),
                        String.join("", lines));
    }

    void heard(int rank, String answer) {
        answers.put(rank, answer);
    }

    /**
     * Looks for stalls, and asks or tells; to be called again and again. While a collective runs,
     * the ranks that are missing may wait for that one, so the job does not end here before twice
     * the time: if that one does not move either, it fails by itself, and says what is silent.
     *
     * @param isRunning whether one does
     * @return why the job ends, once it does
     */
    Optional<CollectiveException> look(Negotiator negotiator, boolean isRunning) {
        long now = System.nanoTime();
        long first = Math.min(times.warning().toNanos(), times.end().toNanos());
        List<Negotiator.Waiting> waiting = negotiator.waiting(now, first);
        stalledNames = waiting.size();
        if (waiting.isEmpty()) {
            askedNanos = 0;
            return Optional.empty();
        }
        long patience = times.end().toNanos() * (isRunning ? 2 : 1);
        boolean isOver = now - waiting.get(0).sinceNanos() >= patience;
        if (askedNanos == 0 && (isOver || now - reportedNanos >= times.warning().toNanos())) {
            askedNanos = now;
            answers.clear();
            missing(waiting).forEach(this::ask);
        }
        boolean haveAll = answers.keySet().containsAll(missing(waiting));
        if (askedNanos != 0 && (haveAll || now - askedNanos >= ANSWER_NANOS)) {
            askedNanos = 0;
            String report = describe(waiting, negotiator, now);
            if (isOver) {
                return Optional.of(end(report, waiting));
            }
            if (now - reportedNanos >= times.warning().toNanos()) {
                reportedNanos = now;
                logger.warn("{}", report);
            }
        }
        return Optional.empty();
    }

    private void ask(int rank) {
        if (rank == 0) {
            answers.put(rank, describeOwn());
        } else {
            control.send(Channel.NEGOTIATION, rank, Letters.question());
        }
    }

    private CollectiveException end(String report, List<Negotiator.Waiting> waiting) {
        String text =
                "%s The job ends, for this has taken %d s (JHOROVOD_OPERATION_TIMEOUT_SECONDS)."
                        .formatted(report, times.end().toSeconds());
        // The oldest is the one whose time is over; what came after it may wait for its victims.
        return waiting.get(0).missing().stream()
                .findFirst()
                .map(rank -> new OperationTimeoutException(text, rank))
                .orElseGet(() -> new OperationTimeoutException(text));
    }

    /** How many names were stalled when it looked last. */
    int stalledNames() {
        return stalledNames;
    }

    private static Set<Integer> missing(List<Negotiator.Waiting> waiting) {
        return waiting.stream()
                .flatMap(each -> each.missing().stream())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private String describe(List<Negotiator.Waiting> waiting, Negotiator negotiator, long now) {
        StringBuilder text = new StringBuilder("Stalled:");
        waiting.stream()
                .limit(MOST_NAMES)
                .forEach(
                        each ->
                                text.append(
                                        " %s waits since %.1f s for %s; %s submitted it."
                                                .formatted(
                                                        each.request().describe(),
                                                        (now - each.sinceNanos()) / 1e9,
                                                        ranks(each.missing()),
                                                        ranks(each.have()))));
        if (waiting.size() > MOST_NAMES) {
            text.append(" And %d tensors more.".formatted(waiting.size() - MOST_NAMES));
        }
        for (int rank : missing(waiting)) {
            text.append(
                    "\n  Rank %d on %s: %s; %s."
                            .formatted(
                                    rank,
                                    control.host(rank),
                                    negotiator
                                            .lastName(rank)
                                            .map("last it submitted '%s'"::formatted)
                                            .orElse("it has submitted no tensor by name yet"),
                                    answers.getOrDefault(rank, "it lives, but did not answer")));
        }
        return text.append(
                        "\n"
                            + "  Look for a branch, a data loader or an end of data that differs"
                            + " between these ranks.")
                .toString();
    }

    private static String ranks(List<Integer> ranks) {
        String numbers = ranks.stream().map(String::valueOf).collect(Collectors.joining(", "));
        return (ranks.size() == 1 ? "rank " : "ranks ") + numbers;
    }
}
