package org.jhorovod.allreduce.spi;

import java.nio.LongBuffer;
import java.util.Optional;

/**
 * How many elements each rank sends to each other one in an all-to-all, as all ranks have said it.
 *
 * <p>A view of numbers that are good until the collective has run. Used by one thread.
 */
public final class ExchangeCounts {
    private final int size;
    private final LongBuffer numbers;

    /**
     * Of what the ranks have said.
     *
     * @param numbers of each rank in its order: what it sends to each rank, and then what it
     *     expects from each
     */
    public ExchangeCounts(int size, LongBuffer numbers) {
        this.size = size;
        this.numbers = numbers;
    }

    /** How many ranks there are. */
    public int size() {
        return size;
    }

    /** What a rank sends to another or to itself. */
    public long sent(int from, int to) {
        return numbers.get(2 * size * from + to);
    }

    /** What a rank expects from another or from itself. */
    public long expected(int at, int from) {
        return numbers.get(2 * size * at + size + from);
    }

    /** The longest part that is sent. */
    public long largest() {
        long largest = 0;
        for (int from = 0; from < size; from++) {
            for (int to = 0; to < size; to++) {
                largest = Math.max(largest, sent(from, to));
            }
        }
        return largest;
    }

    /**
     * Two ranks of which one sends another count than the other expects.
     *
     * @param from who sends
     * @param to who expects
     */
    public record Difference(int from, int to) {}

    /** The first difference, the same on all ranks; empty where there is none. */
    public Optional<Difference> firstDifference() {
        for (int from = 0; from < size; from++) {
            for (int to = 0; to < size; to++) {
                if (sent(from, to) != expected(to, from)) {
                    return Optional.of(new Difference(from, to));
                }
            }
        }
        return Optional.empty();
    }
}
