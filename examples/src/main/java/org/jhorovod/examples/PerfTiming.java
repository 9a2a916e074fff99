package org.jhorovod.examples;

import java.util.Arrays;

/**
 * What one half of a row says: how long an all-reduce takes, how fast that is, and whether its
 * result is right.
 *
 * @param timeMicros the median over the iterations, in microseconds
 * @param minMicros the shortest iteration
 * @param maxMicros the longest
 * @param algbw the algorithm's bandwidth: size by time, in GB/s (1e9 bytes)
 * @param busbw the bandwidth of each link of a ring, in GB/s
 * @param wrong how many elements were wrong, over all ranks
 */
record PerfTiming(
        double timeMicros,
        double minMicros,
        double maxMicros,
        double algbw,
        double busbw,
        long wrong) {

    /**
     * The figures of one half of a row.
     *
     * @param micros how long each iteration took on its slowest rank; at least one
     */
    static PerfTiming of(double[] micros, long byteCount, int ranks, long wrong) {
        double[] sorted = micros.clone();
        Arrays.sort(sorted);
        int count = sorted.length;
        double median = (sorted[count / 2] + sorted[(count - 1) / 2]) / 2;
        double algbw = byteCount / (median * 1e3);
        return new PerfTiming(
                median,
                sorted[0],
                sorted[count - 1],
                algbw,
                algbw * 2 * (ranks - 1) / ranks,
                wrong);
    }
}
