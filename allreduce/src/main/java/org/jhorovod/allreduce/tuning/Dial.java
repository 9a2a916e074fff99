package org.jhorovod.allreduce.tuning;

import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One thing that a search may change, and what it tries of it.
 *
 * @param <S> all things together
 */
public final class Dial<S> {
    private final Supplier<Trials<S>> trials;

    /** What is tried of one dial, one after another. */
    interface Trials<S> {
        /**
         * The next to try; empty if that was all.
         *
         * @param best of all so far
         * @param wasFaster whether the one before is the best now; false at first
         */
        Optional<S> next(S best, boolean wasFaster);
    }

    private Dial(Supplier<Trials<S>> trials) {
        this.trials = trials;
    }

    /**
     * A size: larger ones while each is faster than the one before, or, if not even the first is,
     * smaller ones likewise.
     *
     * @param sizes what it may be, rising; others may be the default
     */
    public static <S> Dial<S> size(
            List<Integer> sizes, Function<S, Integer> of, BiFunction<S, Integer, S> with) {
        return new Dial<>(() -> new Sizes<>(List.copyOf(sizes), of, with));
    }

    /** A choice: each of these. */
    public static <S, V> Dial<S> choice(
            List<V> values, Function<S, V> of, BiFunction<S, V, S> with) {
        return new Dial<>(() -> new Choices<>(List.copyOf(values), of, with));
    }

    Trials<S> begin() {
        return trials.get();
    }

    private static final class Sizes<S> implements Trials<S> {
        private final List<Integer> sizes;
        private final Function<S, Integer> of;
        private final BiFunction<S, Integer, S> with;
        private boolean isRising = true;
        private boolean hasBegun;
        private boolean hasWon;

        Sizes(List<Integer> sizes, Function<S, Integer> of, BiFunction<S, Integer, S> with) {
            this.sizes = sizes;
            this.of = of;
            this.with = with;
        }

        @Override
        public Optional<S> next(S best, boolean wasFaster) {
            boolean isLost = hasBegun && !wasFaster;
            hasBegun = true;
            hasWon |= wasFaster;
            if (isLost && (hasWon || !isRising)) {
                return Optional.empty();
            }
            isRising &= !isLost;
            Optional<S> next = neighbour(best);
            if (next.isEmpty() && isRising && !hasWon) {
                isRising = false;
                next = neighbour(best);
            }
            return next;
        }

        private Optional<S> neighbour(S best) {
            int from = of.apply(best);
            return sizes.stream()
                    .filter(size -> isRising ? size > from : size < from)
                    .min((a, b) -> Integer.compare(Math.abs(a - from), Math.abs(b - from)))
                    .map(size -> with.apply(best, size));
        }
    }

    private static final class Choices<S, V> implements Trials<S> {
        private final List<V> values;
        private final Function<S, V> of;
        private final BiFunction<S, V, S> with;
        private int next;

        Choices(List<V> values, Function<S, V> of, BiFunction<S, V, S> with) {
            this.values = values;
            this.of = of;
            this.with = with;
        }

        @Override
        public Optional<S> next(S best, boolean wasFaster) {
            while (next < values.size()) {
                V value = values.get(next++);
                if (!value.equals(of.apply(best))) {
                    return Optional.of(with.apply(best, value));
                }
            }
            return Optional.empty();
        }
    }
}
