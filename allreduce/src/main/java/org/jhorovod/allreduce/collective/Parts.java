package org.jhorovod.allreduce.collective;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.util.Arrays;

/**
 * How elements are divided among ranks: one part after another, in rank order. Immutable.
 *
 * <pre>{@code
 * long[] counts = Parts.rows(rowCount, elementsPerRow, communicator.size()).counts();
 * communicator.reduceScatter("rows", input, output, Reduction.of(ReduceOp.SUM), counts);
 * }</pre>
 */
public final class Parts {
    /** The longest {@link #describe} in bytes. */
    public static final int MAX_DESCRIPTION_BYTES = 96;

    private static final int MAX_LIST_CHARACTERS = 48;

    private final long[] counts;
    private final long[] offsets; // one more than counts: the last is the sum

    private Parts(long[] counts) {
        this.counts = counts;
        this.offsets = new long[counts.length + 1];
        for (int rank = 0; rank < counts.length; rank++) {
            if (counts[rank] < 0) {
                throw new IllegalArgumentException(
                        "The part of rank %d cannot have %d elements; give 0 or more."
                                .formatted(rank, counts[rank]));
            }
            offsets[rank + 1] = Math.addExact(offsets[rank], counts[rank]);
        }
    }

    /**
     * Parts of these sizes.
     *
     * @param counts the elements of each rank's part, by rank; copied
     * @throws IllegalArgumentException if one is negative
     * @throws ArithmeticException if their sum is no {@code long}
     */
    public static Parts of(long... counts) {
        return new Parts(counts.clone());
    }

    /** Nearly equal parts: where there is a remainder, the first ranks have an element more. */
    public static Parts even(long elementCount, int size) {
        return rows(elementCount, 1, size);
    }

    /**
     * Nearly equal parts of whole rows: where there is a remainder, the first ranks have a row
     * more.
     *
     * @param rowCount the first dimension
     * @param elementsPerRow the product of the other dimensions
     * @param size how many parts there are
     */
    public static Parts rows(long rowCount, long elementsPerRow, int size) {
        long[] counts = new long[size];
        for (int rank = 0; rank < size; rank++) {
            long rows = rowCount / size + (rank < rowCount % size ? 1 : 0);
            counts[rank] = Math.multiplyExact(rows, elementsPerRow);
        }
        return new Parts(counts);
    }

    /** How many parts there are. */
    public int size() {
        return counts.length;
    }

    /** The elements of a rank's part. */
    public long count(int rank) {
        return counts[rank];
    }

    /** How many elements come before a rank's part. */
    public long offset(int rank) {
        return offsets[rank];
    }

    /** The elements of all parts. */
    public long total() {
        return offsets[counts.length];
    }

    /** The elements of the longest part. */
    public long largest() {
        return Arrays.stream(counts).max().orElse(0);
    }

    /** Whether all parts are of one size. */
    public boolean areEqual() {
        return Arrays.stream(counts).allMatch(count -> count == counts[0]);
    }

    /** The elements of each part, by rank; a copy. */
    public long[] counts() {
        return counts.clone();
    }

    /**
     * The counts in a few words, which are the same where the counts are: all of them, as {@code
     * [4, 3, 3]}, or of many the first and last and a digest of all.
     */
    public String describe() {
        String all = Arrays.toString(counts);
        if (all.length() <= MAX_LIST_CHARACTERS) {
            return all;
        }
        Hasher hasher = Hashing.murmur3_128().newHasher();
        for (long count : counts) {
            hasher.putLong(count);
        }
        return "[%d, …, %d; digest %016x]"
                .formatted(counts[0], counts[counts.length - 1], hasher.hash().asLong());
    }
}
