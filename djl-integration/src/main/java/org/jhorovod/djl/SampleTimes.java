package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/*
 * Samples are shared out in proportion to speed by the method of the largest remainder: each rank
 * gets its quota rounded down, and what is left goes to those that lost most by rounding, the lower
 * rank first. A rank whose quota is less than the least that a rank should have gets that, and the
 * others share the rest.
 *
 * The least is 2 while there are so many, because batch norm cannot train on a single sample. Of
 * fewer samples than ranks the first ranks get one each.
 */
/**
 * How long one sample takes each rank. Ranks that know the same times come to the same shares.
 *
 * @param nanos in rank order; only how they relate to each other counts
 */
record SampleTimes(List<Double> nanos) {
    private static final long LEAST = 2;

    SampleTimes {
        nanos = List.copyOf(nanos);
        if (nanos.isEmpty() || !nanos.stream().allMatch(time -> time > 0 && time < 1e300)) {
            throw new IllegalArgumentException("bug: no times of ranks: " + nanos);
        }
    }

    /** Where nothing tells the ranks apart. */
    static SampleTimes equal(int size) {
        return new SampleTimes(Collections.nCopies(size, 1.0));
    }

    /** Shares so many samples out: fast ranks take more, so that all are done at the same time. */
    Shares share(long total) {
        int size = nanos.size();
        if (total < size) {
            return new Shares(
                    IntStream.range(0, size).mapToObj(rank -> rank < total ? 1L : 0L).toList());
        }
        long least = Math.min(LEAST, total / size);
        List<Long> counts = new ArrayList<>(Collections.nCopies(size, least));
        List<Integer> open = new ArrayList<>(); // ranks whose share is in proportion
        for (int rank = 0; rank < size; rank++) {
            open.add(rank);
        }
        long left = total;
        boolean isSettled = false;
        while (!isSettled) {
            double each = left / speed(open);
            List<Integer> slow =
                    open.stream().filter(rank -> each / nanos.get(rank) < least).toList();
            left -= least * slow.size();
            open.removeAll(slow);
            isSettled = slow.isEmpty();
        }
        inProportion(left, open, counts);
        return new Shares(counts);
    }

    private double speed(List<Integer> ranks) {
        return ranks.stream().mapToDouble(rank -> 1 / nanos.get(rank)).sum();
    }

    private void inProportion(long total, List<Integer> ranks, List<Long> counts) {
        double each = total / speed(ranks);
        long left = total;
        for (int rank : ranks) {
            long whole = (long) (each / nanos.get(rank));
            counts.set(rank, whole);
            left -= whole;
        }
        List<Integer> byRemainder = new ArrayList<>(ranks);
        byRemainder.sort(
                Comparator.comparingDouble(rank -> counts.get(rank) - each / nanos.get(rank)));
        for (int rank : byRemainder.subList(0, Math.toIntExact(left))) {
            counts.set(rank, counts.get(rank) + 1);
        }
    }

    /** How long the slowest rank works on its share. */
    double stepNanos(Shares shares) {
        double longest = 0;
        for (int rank = 0; rank < nanos.size(); rank++) {
            longest = Math.max(longest, shares.of(rank) * nanos.get(rank));
        }
        return longest;
    }

    /** Which part of the time of a step is saved by other shares; negative if it takes longer. */
    double gain(Shares before, Shares after) {
        return 1 - stepNanos(after) / stepNanos(before);
    }

    /** The rank that a sample takes the longest. */
    int slowest() {
        return nanos.indexOf(Collections.max(nanos));
    }

    /** The rank that a sample takes the shortest. */
    int fastest() {
        return nanos.indexOf(Collections.min(nanos));
    }
}
