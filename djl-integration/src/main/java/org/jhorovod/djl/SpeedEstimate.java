package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/*
 * A rank may stall once, by a collection of garbage or another program, and that says nothing of the
 * steps to come: so of two measurements in a row the shorter time counts, and a rank is taken to be
 * slow when it has been so twice. What counts is averaged with what has counted before.
 */
/**
 * How long a sample takes each rank, over several measurements. Immutable.
 *
 * @param latest nanoseconds by the newest measurement of each rank; 0 before the first
 * @param smoothed the same, over all
 */
record SpeedEstimate(List<Double> latest, List<Double> smoothed) {
    private static final double WEIGHT_OF_NEW = 0.5;

    SpeedEstimate {
        latest = List.copyOf(latest);
        smoothed = List.copyOf(smoothed);
    }

    /** Before the first measurement. */
    static SpeedEstimate none(int size) {
        List<Double> unknown = Collections.nCopies(size, 0.0);
        return new SpeedEstimate(unknown, unknown);
    }

    /**
     * With one more measurement.
     *
     * @param measured nanoseconds a sample of each rank; 0 if a rank has had no sample
     */
    SpeedEstimate with(List<Double> measured) {
        List<Double> newest = new ArrayList<>();
        List<Double> over = new ArrayList<>();
        for (int rank = 0; rank < measured.size(); rank++) {
            double now = measured.get(rank);
            double last = latest.get(rank);
            double before = smoothed.get(rank);
            if (now == 0 || last == 0) {
                newest.add(now == 0 ? last : now);
                over.add(now == 0 ? before : now);
            } else {
                newest.add(now);
                over.add(before + WEIGHT_OF_NEW * (Math.min(now, last) - before));
            }
        }
        return new SpeedEstimate(newest, over);
    }

    /** The times, once all ranks have been measured. */
    Optional<SampleTimes> times() {
        return smoothed.stream().allMatch(nanos -> nanos > 0)
                ? Optional.of(new SampleTimes(smoothed))
                : Optional.empty();
    }
}
