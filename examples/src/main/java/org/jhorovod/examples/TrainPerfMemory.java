package org.jhorovod.examples;

import java.util.List;
import java.util.stream.DoubleStream;

/**
 * How much memory the processes had resident, of all modes together.
 *
 * @param heapLimitMib what Java's heap may grow to on rank 0
 * @param peakMib the most of each rank so far
 * @param residentMib of each rank after each round; none is empty
 */
record TrainPerfMemory(double heapLimitMib, double[] peakMib, List<double[]> residentMib) {

    TrainPerfMemory {
        residentMib = List.copyOf(residentMib);
    }

    /** Of the rank that had most. */
    double largestPeakMib() {
        return largest(peakMib);
    }

    /** After the first round, of the rank that had most. */
    double largestFirstMib() {
        return largest(residentMib.get(0));
    }

    /** After the last round, of the rank that had most. */
    double largestLastMib() {
        return largest(residentMib.get(residentMib.size() - 1));
    }

    private static double largest(double[] ofRanks) {
        return DoubleStream.of(ofRanks).max().orElseThrow();
    }
}
