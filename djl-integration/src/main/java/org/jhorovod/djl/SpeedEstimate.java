package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/*
 * A rank may stall once, by a collection of garbage or another program, and that says nothing of the
 * steps to come: so of the last three measurements the middle one counts, and a rank is taken to be
 * slow when it has been so twice. Nothing older counts: a training starts slowly while the JVM
 * compiles, and on a slow rank that takes longer. Of two measurements the shorter one counts.
 */
/**
 * How long a sample takes each rank, over several measurements. Immutable.
 *
 * @param recent nanoseconds by the newest measurements of each rank, the newest last
 */
record SpeedEstimate(List<List<Double>> recent) {
    private static final int MOST = 3;

    SpeedEstimate {
        recent = recent.stream().map(List::copyOf).toList();
    }

    /** Before the first measurement. */
    static SpeedEstimate none(int size) {
        return new SpeedEstimate(Collections.nCopies(size, List.of()));
    }

    /**
     * With one more measurement.
     *
     * @param measured nanoseconds a sample of each rank; 0 if a rank has had no sample
     */
    SpeedEstimate with(List<Double> measured) {
        List<List<Double>> more = new ArrayList<>();
        for (int rank = 0; rank < measured.size(); rank++) {
            List<Double> ofRank = new ArrayList<>(recent.get(rank));
            if (measured.get(rank) > 0) {
                ofRank.add(measured.get(rank));
            }
            more.add(ofRank.subList(Math.max(0, ofRank.size() - MOST), ofRank.size()));
        }
        return new SpeedEstimate(more);
    }

    /** The times, once all ranks have been measured. */
    Optional<SampleTimes> times() {
        return recent.stream().noneMatch(List::isEmpty)
                ? Optional.of(new SampleTimes(recent.stream().map(SpeedEstimate::middle).toList()))
                : Optional.empty();
    }

    private static double middle(List<Double> ofRank) {
        return ofRank.stream().sorted().toList().get((ofRank.size() - 1) / 2);
    }
}
