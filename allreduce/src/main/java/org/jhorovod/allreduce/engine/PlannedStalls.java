package org.jhorovod.allreduce.engine;

import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.control.Absences;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.control.Whereabouts.Inquiry;
import org.jhorovod.allreduce.negotiation.StallReport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [Who tells of a stall]
 * Each rank that has waited for long enough asks the ranks that are missing what they do, for its own
 * failure has to say it. One of them logs it: the one that asked first, which the answer tells. Where no
 * rank is missing, or none answers, each logs what it knows.
 */
/**
 * Finds an operation of the order that all ranks share which has waited for long, and says what the
 * missing ranks do instead: once in the log, and in the operation's failure. Owned by the control
 * thread.
 */
final class PlannedStalls {
    private static final Logger logger = LoggerFactory.getLogger(PlannedStalls.class);
    private static final long BEFORE_END_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long LEAST_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final ControlPlane control;
    private final Absences absences;
    private final long warningNanos;
    private final long firstNanos;
    private @Nullable RunningOperation suspect; // null where none waits for long
    private @Nullable RunningOperation told;
    private @Nullable Inquiry inquiry; // about the suspect; null while nobody is asked
    private long askedNanos;

    PlannedStalls(ControlPlane control, StallReport.Times times) {
        this.control = control;
        this.absences = new Absences(control);
        this.warningNanos = times.warning().toNanos();
        this.firstNanos = Math.min(warningNanos, lastMomentNanos(times.end().toNanos()));
    }

    /** When the missing ranks have to be asked at the latest, for a failure at the given time. */
    private static long lastMomentNanos(long endNanos) {
        return Math.max(endNanos / 2, endNanos - BEFORE_END_NANOS);
    }

    /**
     * Asks and tells; to be called again and again.
     *
     * @param running the operation that runs now, null between two
     */
    void look(@Nullable RunningOperation running) {
        if (running == null || running.waitedNanos() < firstNanos) {
            suspect = null;
            return;
        }
        long againNanos = Math.max(firstNanos, LEAST_AGAIN_NANOS);
        if (suspect != running
                || (inquiry == null && System.nanoTime() - askedNanos >= againNanos)) {
            suspect = running;
            inquiry = ask(running);
        } else if (inquiry != null && inquiry.isOver()) {
            List<Integer> missing = control.behind(running.sequence());
            boolean areOthers =
                    !missing.isEmpty() && Collections.disjoint(missing, inquiry.ranks());
            if (!areOthers) {
                found(running, inquiry, missing);
            }
            inquiry = areOthers ? ask(running) : null;
        }
    }

    private Inquiry ask(RunningOperation running) {
        askedNanos = System.nanoTime();
        long sequence = running.sequence();
        return control.whereabouts().ask(control.behind(sequence), sequence);
    }

    private void found(RunningOperation running, Inquiry asked, List<Integer> missing) {
        String text = running.describeWait(missing);
        if (missing.isEmpty()) {
            running.explain("");
        } else {
            String details = absences.describe(missing, asked);
            text = absences.heading() + " " + text + details + absences.advice(missing);
            running.explain(" After %.1f s:%s".formatted(running.waitedNanos() / 1e9, details));
        }
        if (told != running && running.waitedNanos() >= warningNanos) {
            told = running;
            if (missing.isEmpty() || asked.isFirst(missing)) {
                logger.warn("{}", text);
            }
        }
    }
}
