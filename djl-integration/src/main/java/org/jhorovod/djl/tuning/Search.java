package org.jhorovod.djl.tuning;

import com.google.common.math.Quantiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.config.Settings.ReduceChoice;

/*
 * Note [A short search]
 *
 *   default      what the settings say; nothing else is worth a try that is not measured against it
 *   larger       buckets of twice the size, again and again while each is faster than the one before
 *   smaller      the same downwards, if not even the first larger ones were faster
 *   when         the other times to reduce, with the best buckets
 *   duel         the best and the default in turns; the default stays unless the best wins clearly
 *
 * One thing is changed at a time, from a place that is known to be good, so a dozen samples are enough.
 * The duel is there because the fastest of several samples is partly the luckiest.
 */
/**
 * Which setup is measured next, and which is the best in the end. Pure: the same samples give the
 * same on all ranks.
 */
public final class Search {
    private static final List<Integer> BUCKETS = List.of(0, 1, 2, 4, 8, 16, 32, 64);
    private static final double FASTER = 0.98;
    private static final int ROUNDS = 3; // of the duel

    private final Setup byDefault;
    private final List<Integer> buckets;
    private final List<ReduceChoice> times;
    private final List<Double> ofDefault = new ArrayList<>(); // in the duel
    private final List<Double> ofBest = new ArrayList<>();
    private Stage stage = Stage.DEFAULT;
    private Setup current;
    private Setup best;
    private double bestMillis;
    private int nextTime;

    private enum Stage {
        DEFAULT,
        LARGER,
        SMALLER,
        WHEN,
        DUEL,
        OVER
    }

    /**
     * Begins with a setup.
     *
     * @param tunesBuckets whether their size may change
     * @param times when gradients may be reduced instead; empty where that may not change
     */
    public Search(Setup byDefault, boolean tunesBuckets, List<ReduceChoice> times) {
        this.byDefault = byDefault;
        this.buckets = tunesBuckets ? BUCKETS : List.of();
        this.times = List.copyOf(times);
        this.current = byDefault;
        this.best = byDefault;
    }

    /** What is in force now, and is measured unless the search is over. */
    public Setup current() {
        return current;
    }

    /** Whether nothing more is to be measured. */
    public boolean isOver() {
        return stage == Stage.OVER;
    }

    /** How long a step of the best took. */
    public double bestMillis() {
        return bestMillis;
    }

    /** Takes how long a step of the current setup took, and goes on to the next. */
    public void measured(double millis) {
        boolean isFaster = stage != Stage.DEFAULT && millis < FASTER * bestMillis;
        switch (stage) {
            case DEFAULT -> {
                bestMillis = millis;
                enter(Stage.LARGER);
            }
            case LARGER -> {
                boolean wasFirst = best.equals(byDefault);
                if (isFaster) {
                    take(millis);
                    enter(Stage.LARGER);
                } else {
                    enter(wasFirst ? Stage.SMALLER : Stage.WHEN);
                }
            }
            case SMALLER -> {
                if (isFaster) {
                    take(millis);
                    enter(Stage.SMALLER);
                } else {
                    enter(Stage.WHEN);
                }
            }
            case WHEN -> {
                if (isFaster) {
                    take(millis);
                }
                enter(Stage.WHEN);
            }
            case DUEL -> duel(millis);
            case OVER -> throw new IllegalStateException("bug: measured after the end");
        }
    }

    private void take(double millis) {
        best = current;
        bestMillis = millis;
    }

    /** Goes on with the given stage, or with the first after it that has something to try. */
    private void enter(Stage wanted) {
        stage = wanted;
        Optional<Setup> next =
                switch (wanted) {
                    case LARGER -> neighbour(1);
                    case SMALLER -> neighbour(-1);
                    case WHEN -> nextTime();
                    case DUEL -> best.equals(byDefault) ? Optional.empty() : Optional.of(byDefault);
                    case DEFAULT, OVER -> Optional.of(best);
                };
        if (next.isPresent()) {
            current = next.get();
        } else {
            enter(Stage.values()[wanted.ordinal() + 1]);
        }
    }

    private Optional<Setup> neighbour(int direction) {
        int from = best.bucketMib();
        return buckets.stream()
                .filter(mib -> direction > 0 ? mib > from : mib < from)
                .min((a, b) -> Integer.compare(Math.abs(a - from), Math.abs(b - from)))
                .map(best::withBucketMib);
    }

    private Optional<Setup> nextTime() {
        while (nextTime < times.size()) {
            ReduceChoice time = times.get(nextTime++);
            if (time != best.reduce()) {
                return Optional.of(best.withReduce(time));
            }
        }
        return Optional.empty();
    }

    private void duel(double millis) {
        (current.equals(byDefault) ? ofDefault : ofBest).add(millis);
        if (ofBest.size() < ROUNDS) {
            current = current.equals(byDefault) ? best : byDefault;
            return;
        }
        Quantiles.ScaleAndIndex median = Quantiles.median();
        bestMillis = median.compute(ofBest);
        if (bestMillis >= FASTER * median.compute(ofDefault)) {
            best = byDefault;
            bestMillis = median.compute(ofDefault);
        }
        enter(Stage.OVER);
    }
}
