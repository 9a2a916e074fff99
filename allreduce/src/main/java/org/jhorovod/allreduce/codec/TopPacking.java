package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import java.util.Arrays;

/*
 * The k elements of the largest magnitude, of equal ones those in front: first their indexes as
 * int32 in ascending order, then their values as float32. k is the same for all carriers.
 *
 * The smallest magnitude that travels is found by its digits, the highest first: a histogram of the
 * upper 11 bits tells in which bin the k-th lies, one of the next 10 bits in that bin goes on, and
 * one of the last 10 ends. Three passes whatever the values are, where quickselect would have bad
 * cases, and a branch that cannot be foretold for each element.
 */
/** The largest elements alone. */
final class TopPacking implements Packing {
    private static final int FLOAT32_INFINITY = 0x7f800000;
    private static final int FIRST_SHIFT = 20;
    private static final int SECOND_SHIFT = 10;
    private static final int FIRST_BINS = 1 << 11;
    private static final int BINS = 1 << 10;

    private final int elementCount;
    private final int keptCount;

    // Four, by turns: an increment waits for the one before it if that was in the same place.
    private final int[] firstHistograms = new int[4 * FIRST_BINS];
    private final int[] histogram = new int[FIRST_BINS];

    // Owned by the threshold's search: how many of those in the bin still have to be found.
    private int left;

    /**
     * A packing of some of the elements.
     *
     * @param keptCount how many of them, at least 1 if there are any
     */
    TopPacking(int elementCount, int keptCount) {
        if (keptCount > Integer.MAX_VALUE / (Integer.BYTES + Float.BYTES)) {
            throw new IllegalArgumentException(
                    "%d elements with their indexes are more than a buffer can hold. Use smaller buckets, or a smaller fraction."
                            .formatted(keptCount));
        }
        this.elementCount = elementCount;
        this.keptCount = keptCount;
    }

    @Override
    public int byteCount() {
        return (Integer.BYTES + Float.BYTES) * keptCount;
    }

    private int indexAt(int place) {
        return Integer.BYTES * place;
    }

    private int valueAt(int place) {
        return Integer.BYTES * keptCount + Float.BYTES * place;
    }

    @Override
    public void encode(float[] elements, ByteBuffer to) {
        if (elementCount == 0) {
            return;
        }
        int threshold = threshold(elements);
        int ties = left;
        int place = 0;
        for (int i = 0; i < elementCount; i++) {
            int magnitude = magnitude(elements[i]);
            if (magnitude >= threshold && (magnitude > threshold || ties-- > 0)) {
                to.putInt(indexAt(place), i);
                to.putFloat(valueAt(place), elements[i]);
                elements[i] = 0;
                place++;
            }
        }
        if (threshold >= FLOAT32_INFINITY) {
            Carried.dropNonFinite(elements, 0, elementCount); // more than could be sent
        }
    }

    /** The k-th magnitude, and in {@link #left} how many of the elements that have it to take. */
    private int threshold(float[] elements) {
        left = keptCount;
        countFirstDigit(elements);
        int prefix = findBin(FIRST_BINS);
        countDigit(elements, FIRST_SHIFT, prefix, SECOND_SHIFT);
        prefix = prefix * BINS + findBin(BINS);
        countDigit(elements, SECOND_SHIFT, prefix, 0);
        return prefix * BINS + findBin(BINS);
    }

    private void countFirstDigit(float[] elements) {
        int[] counts = firstHistograms;
        Arrays.fill(counts, 0);
        int i = 0;
        for (; i < elementCount - 3; i += 4) {
            counts[magnitude(elements[i]) >>> FIRST_SHIFT]++;
            counts[FIRST_BINS + (magnitude(elements[i + 1]) >>> FIRST_SHIFT)]++;
            counts[2 * FIRST_BINS + (magnitude(elements[i + 2]) >>> FIRST_SHIFT)]++;
            counts[3 * FIRST_BINS + (magnitude(elements[i + 3]) >>> FIRST_SHIFT)]++;
        }
        for (; i < elementCount; i++) {
            counts[magnitude(elements[i]) >>> FIRST_SHIFT]++;
        }
        for (int bin = 0; bin < FIRST_BINS; bin++) {
            histogram[bin] =
                    counts[bin]
                            + counts[FIRST_BINS + bin]
                            + counts[2 * FIRST_BINS + bin]
                            + counts[3 * FIRST_BINS + bin];
        }
    }

    private void countDigit(float[] elements, int prefixShift, int prefix, int shift) {
        Arrays.fill(histogram, 0, BINS, 0);
        for (int i = 0; i < elementCount; i++) {
            int magnitude = magnitude(elements[i]);
            if (magnitude >>> prefixShift == prefix) {
                histogram[(magnitude >>> shift) & (BINS - 1)]++;
            }
        }
    }

    /** From the largest down to the bin in which the k-th lies. */
    private int findBin(int bins) {
        int bin = bins - 1;
        while (histogram[bin] < left) {
            left -= histogram[bin];
            bin--;
        }
        return bin;
    }

    private static int magnitude(float value) {
        return Float.floatToRawIntBits(value) & Integer.MAX_VALUE;
    }

    @Override
    public void require(ByteBuffer from) {
        Packing.super.require(from);
        int last = -1;
        for (int place = 0; place < keptCount; place++) {
            int index = from.getInt(indexAt(place));
            if (index <= last || index >= elementCount) {
                throw new IllegalArgumentException(
                        "index %d follows %d, where indexes ascend and are below %d"
                                .formatted(index, last, elementCount));
            }
            last = index;
        }
    }

    @Override
    public void add(ByteBuffer from, int start, float[] sums, int count) {
        for (int place = firstFrom(from, start); place < keptCount; place++) {
            int at = from.getInt(indexAt(place)) - start;
            if (at >= count) {
                return;
            }
            sums[at] += from.getFloat(valueAt(place));
        }
    }

    /** Where the first index lies that is not below a start. */
    private int firstFrom(ByteBuffer from, int start) {
        int low = 0;
        int high = keptCount;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (from.getInt(indexAt(middle)) < start) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
