package org.jhorovod.allreduce.timeline;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jhorovod.allreduce.rendezvous.StoreException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sums up what all ranks record, and leaves it in the store: soon at first, so that a short run has
 * some, then more rarely. It may be closed and go on with the next session.
 */
final class SummarySink implements Sink {
    private static final Logger logger = LoggerFactory.getLogger(SummarySink.class);
    private static final long LEAST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long MOST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final int PAUSES_OF_RUN = 10;

    private final ReportPlan plan;
    private final Function<String, @Nullable String> transports;
    private final RunFigures figures;
    private final SummaryPost post;
    private final long startNanos = System.nanoTime();
    private long nextNanos = startNanos + LEAST_PAUSE_NANOS;

    /**
     * Of a job.
     *
     * @param transports how a track's collectives travel; null where that is not known
     */
    SummarySink(ReportPlan plan, int size, Function<String, @Nullable String> transports) {
        this.plan = plan;
        this.transports = transports;
        this.figures = new RunFigures(size, startNanos, System.currentTimeMillis());
        this.post = new SummaryPost(plan.store(), plan.generation());
    }

    @Override
    public synchronized void add(int rank, String host, List<Event> events, long lost) {
        figures.add(rank, host, events, lost);
    }

    @Override
    public synchronized void tick(long nowNanos) {
        if (nowNanos - nextNanos >= 0) {
            leave(nowNanos);
        }
    }

    private void leave(long nowNanos) {
        try {
            post.leave(figures.summary(nowNanos, transports, plan.settings(), plan.round()));
        } catch (StoreException e) {
            logger.debug("The launcher's store does not take the summary of the run", e);
        }
        long elapsed = nowNanos - startNanos;
        long pause =
                Math.max(LEAST_PAUSE_NANOS, Math.min(MOST_PAUSE_NANOS, elapsed / PAUSES_OF_RUN));
        nextNanos = nowNanos + pause;
    }

    @Override
    public synchronized void close() {
        leave(System.nanoTime());
    }
}
