package org.jhorovod.allreduce.tuning;

import com.google.common.math.Quantiles;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/*
 * Note [A short search]
 *
 *   default      what the settings say; nothing else is worth a try that is not measured against it
 *   dials        one after another, each from the best of those before it
 *   duel         the best and the default in turns; the default stays unless the best wins clearly
 *
 * One thing is changed at a time, from a place that is known to be good, so a dozen samples are enough.
 * The duel is there because the fastest of several samples is partly the luckiest, and because a machine may
 * become faster or slower meanwhile: each sample of the best is compared with the mean of the default before
 * and after it, has to be faster each time, and by 2 % in the middle.
 */
/**
 * Which setup is measured next, and which is the best in the end. Pure: the same samples give the
 * same on all ranks.
 *
 * @param <S> a setup, compared by equality
 */
public final class Search<S> {
    private static final double FASTER = 0.98;
    private static final int ROUNDS = 3; // of the duel

    private final S byDefault;
    private final List<Dial<S>> dials;
    private final List<Double> ofDefault = new ArrayList<>(); // in the duel
    private final List<Double> ofBest = new ArrayList<>();
    private Stage stage = Stage.DEFAULT;
    private int nextDial;
    private Dial.@Nullable Trials<S> trials; // null where no dial is turned
    private S current;
    private S best;
    private double bestMillis;

    private enum Stage {
        DEFAULT,
        DIALS,
        DUEL,
        OVER
    }

    /**
     * Begins with a setup.
     *
     * @param dials what may be changed of it, in this order
     */
    public Search(S byDefault, List<Dial<S>> dials) {
        this.byDefault = byDefault;
        this.dials = List.copyOf(dials);
        this.current = byDefault;
        this.best = byDefault;
    }

    /** What is in force now, and is measured unless the search is over. */
    public S current() {
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
        switch (stage) {
            case DEFAULT -> {
                bestMillis = millis;
                stage = Stage.DIALS;
                turn(false);
            }
            case DIALS -> {
                boolean isFaster = millis < FASTER * bestMillis;
                if (isFaster) {
                    best = current;
                    bestMillis = millis;
                }
                turn(isFaster);
            }
            case DUEL -> duel(millis);
            case OVER -> throw new IllegalStateException("bug: measured after the end");
        }
    }

    /**
     * Goes on with the dial that is turned, or with the first after it that has something to try.
     */
    private void turn(boolean wasFaster) {
        Optional<S> next = trials == null ? Optional.empty() : trials.next(best, wasFaster);
        while (next.isEmpty() && nextDial < dials.size()) {
            Dial.Trials<S> begun = dials.get(nextDial++).begin();
            trials = begun;
            next = begun.next(best, false);
        }
        if (next.isPresent()) {
            current = next.get();
        } else if (best.equals(byDefault)) {
            end();
        } else {
            stage = Stage.DUEL;
            current = byDefault;
        }
    }

    private void duel(double millis) {
        (current.equals(byDefault) ? ofDefault : ofBest).add(millis);
        if (ofDefault.size() <= ROUNDS) {
            current = current.equals(byDefault) ? best : byDefault;
            return;
        }
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            ratios.add(2 * ofBest.get(i) / (ofDefault.get(i) + ofDefault.get(i + 1)));
        }
        boolean hasWon = Collections.max(ratios) < 1 && Quantiles.median().compute(ratios) < FASTER;
        bestMillis = Quantiles.median().compute(hasWon ? ofBest : ofDefault);
        best = hasWon ? best : byDefault;
        end();
    }

    /** Ends with the default, as what has been tried since has not been compared with it enough. */
    public void giveUp() {
        best = byDefault;
        end();
    }

    private void end() {
        stage = Stage.OVER;
        current = best;
    }
}
