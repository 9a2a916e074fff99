package org.jhorovod.allreduce.tuning;

import com.google.common.math.Quantiles;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How long a program takes for what it does again and again, seen from one name that comes each
 * time: the first that came, or one that comes much more often. A pause, as for a validation,
 * spoils one block of a sample, of which the middle one counts. Owned by one thread.
 */
public final class Periods {
    private static final int LEAST_PERIODS = 8; // of a block
    private static final long LEAST_NANOS = 50_000_000; // so too
    private static final int BLOCKS = 3; // of a sample
    private static final int SETTLING_PERIODS = 4;
    private static final int MOST_RIVAL = 64;
    private static final double NANOS_PER_MILLI = 1e6;

    private final List<Sample> blocks = new ArrayList<>();
    private @Nullable String marker; // null before the first name
    private long count; // of the marker
    private final Map<String, Integer> others = new HashMap<>(); // since the marker, how often
    private int settling;

    // Of the block.
    private long startNanos;
    private int periods;
    private int names;

    /**
     * Of what a program does once.
     *
     * @param millis how long it takes
     * @param names how many come in it
     */
    public record Sample(double millis, double names) {}

    /** How often what the program does has been seen. */
    public long count() {
        return count;
    }

    /** Takes a name that has come; gives a sample where that completes one. */
    public Optional<Sample> came(String name, long nowNanos) {
        if (!name.equals(marker)) {
            int times = others.merge(name, 1, Integer::sum);
            if (marker != null && times < MOST_RIVAL) {
                return Optional.empty();
            }
            marker = name;
            blocks.clear();
            settle();
        }
        count++;
        periods++;
        names += 1 + others.values().stream().mapToInt(times -> times).sum();
        others.clear();
        if (settling > 0) {
            settling--;
            beginBlock(nowNanos);
        } else if (periods >= LEAST_PERIODS && nowNanos - startNanos >= LEAST_NANOS) {
            double millis = (nowNanos - startNanos) / NANOS_PER_MILLI;
            blocks.add(new Sample(millis / periods, (double) names / periods));
            beginBlock(nowNanos);
        }
        return blocks.size() < BLOCKS ? Optional.empty() : Optional.of(take());
    }

    private void beginBlock(long nowNanos) {
        startNanos = nowNanos;
        periods = 0;
        names = 0;
    }

    private Sample take() {
        Quantiles.ScaleAndIndex median = Quantiles.median();
        Sample sample =
                new Sample(
                        median.compute(blocks.stream().map(Sample::millis).toList()),
                        median.compute(blocks.stream().map(Sample::names).toList()));
        blocks.clear();
        settle();
        return sample;
    }

    /** After a change some do not count. */
    private void settle() {
        settling = SETTLING_PERIODS;
    }
}
