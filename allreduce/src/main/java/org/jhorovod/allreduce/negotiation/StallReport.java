package org.jhorovod.allreduce.negotiation;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.control.Absences;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.control.Whereabouts;
import org.jhorovod.allreduce.control.Whereabouts.Inquiry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says on rank 0 which tensors some ranks have submitted and others have not, and what these do
 * instead: it asks them. After a longer time it fails the job. Owned by the control thread.
 */
public final class StallReport {
    private static final Logger logger = LoggerFactory.getLogger(StallReport.class);
    private static final int MOST_NAMES = 10;

    private final ControlPlane control;
    private final Times times;
    private @Nullable Inquiry inquiry; // null while nobody is asked
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
            inquiry = null;
            return Optional.empty();
        }
        long patience = times.end().toNanos() * (isRunning ? 2 : 1);
        boolean isOver = now - waiting.get(0).sinceNanos() >= patience;
        if (inquiry == null && (isOver || now - reportedNanos >= times.warning().toNanos())) {
            inquiry = control.whereabouts().ask(missing(waiting), Whereabouts.BY_NAME);
        }
        if (inquiry != null && inquiry.isOver()) {
            String report = describe(waiting, negotiator, inquiry, now);
            inquiry = null;
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

    private String describe(
            List<Negotiator.Waiting> waiting, Negotiator negotiator, Inquiry asked, long now) {
        Absences absences = new Absences(control);
        StringBuilder text = new StringBuilder(absences.heading());
        waiting.stream()
                .limit(MOST_NAMES)
                .forEach(
                        each ->
                                text.append(
                                        " %s waits since %.1f s for %s; %s submitted it."
                                                .formatted(
                                                        each.request().describe(),
                                                        (now - each.sinceNanos()) / 1e9,
                                                        Absences.ranks(each.missing()),
                                                        Absences.ranks(each.have()))));
        if (waiting.size() > MOST_NAMES) {
            text.append(" And %d tensors more.".formatted(waiting.size() - MOST_NAMES));
        }
        Set<Integer> missing = missing(waiting);
        return text.append(
                        absences.describe(
                                missing,
                                asked,
                                rank ->
                                        negotiator
                                                .lastName(rank)
                                                .map("last it submitted '%s'"::formatted)
                                                .orElse("it has submitted no tensor by name yet")))
                .append(absences.advice(missing))
                .toString();
    }
}
