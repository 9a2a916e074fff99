package org.jhorovod.allreduce.negotiation;

import com.google.common.util.concurrent.MoreExecutors;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.tuning.Dial;
import org.jhorovod.allreduce.tuning.Periods;
import org.jhorovod.allreduce.tuning.Search;
import org.jhorovod.allreduce.tuning.TuningLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds by measurement with which batching a program that reduces by name is the fastest: on rank
 * 0, which all ranks follow, from when tensors come that have come before. Owned by one thread.
 */
public final class BatchTuning {
    private static final Logger logger = LoggerFactory.getLogger(BatchTuning.class);
    private static final List<Integer> FUSION_MIBS = List.of(0, 1, 2, 4, 8, 16, 32, 64);
    private static final List<Integer> CYCLE_MILLIS = List.of(0, 1, 2, 5, 10);
    private static final double LEAST_NAMES = 4;

    private final Search<Batching> search;
    private final Periods periods = new Periods();
    private final Executor writing = MoreExecutors.newSequentialExecutor(ForkJoinPool.commonPool());
    private final TuningLog log; // owned by the executor

    private BatchTuning(Search<Batching> search, TuningLog log) {
        this.search = search;
        this.log = log;
    }

    /** If it is wanted, and something is not set by hand. */
    public static Optional<BatchTuning> of(Configuration settings) {
        List<Dial<Batching>> dials = new ArrayList<>();
        if (!settings.isSet(Settings.FUSION_MIB)) {
            dials.add(Dial.size(FUSION_MIBS, Batching::fusionMib, Batching::withFusionMib));
        }
        if (!settings.isSet(Settings.CYCLE_MILLIS)) {
            dials.add(Dial.size(CYCLE_MILLIS, Batching::cycleMillis, Batching::withCycleMillis));
        }
        if (!settings.get(Settings.AUTOTUNE) || dials.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new BatchTuning(
                        new Search<>(Batching.of(settings), dials),
                        TuningLog.open(settings.find(Settings.AUTOTUNE_LOG), "by name")));
    }

    /**
     * Notes what all ranks run next.
     *
     * @return the batching from now on, if it is another
     */
    Optional<Batching> agreed(List<Step> steps, long nowNanos) {
        if (search.isOver()) {
            return Optional.empty();
        }
        Batching before = search.current();
        for (Step step : steps) {
            if (step instanceof Step.Run run) {
                run.entries().forEach(entry -> agreed(entry, nowNanos));
            }
        }
        return search.current().equals(before) ? Optional.empty() : Optional.of(search.current());
    }

    private void agreed(Step.Entry entry, long nowNanos) {
        boolean isRepeated = entry.isKnown() && entry.request().call().kind() == Kind.ALL_REDUCE;
        if (!search.isOver() && isRepeated) {
            periods.came(entry.request().name(), nowNanos).ifPresent(this::measured);
        }
    }

    private void measured(Periods.Sample sample) {
        if (sample.names() < LEAST_NAMES) {
            return; // there is nothing to put together here
        }
        write(search.current(), sample.millis(), "tried");
        search.measured(sample.millis());
        if (search.isOver()) {
            write(search.current(), search.bestMillis(), "chosen");
            logger.info(
                    "Tuned: what is reduced by name is put together with {}. Set these to begin"
                            + " with them.",
                    search.current().describe());
        }
    }

    /** Not on the control thread, which no slow file may hold up. */
    private void write(Batching batching, double millis, String state) {
        long step = periods.count();
        writing.execute(() -> log.add(step, batching.describe(), millis, state));
    }
}
