package org.jhorovod.allreduce.timeline;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/*
 * Clocks of two hosts differ, and drift apart by some microseconds a second. So the difference is measured
 * again and again, by the round trip with the least delay of several. A clock that jumped would tear
 * spans that lie inside each other apart: a new offset is reached little by little instead, at half
 * the speed of time at most, and what it was before stays as it was. So the order of two moments of a
 * rank is the same on both clocks.
 */
/** A rank's clock in terms of rank 0's. Immutable. */
final class RankClock {
    private static final long SLEW_NANOS = 1_000_000_000;
    private static final double DRIFT = 1e-4; // of two clocks, at most
    private static final int KEPT = 8; // events are sent within seconds of their time

    /** Rank 0's own. */
    static final RankClock RANK_0 = new RankClock(List.of(new Offset(Long.MIN_VALUE, 0, 0, 0)));

    private final List<Offset> offsets; // in the order of their times; one at least

    /**
     * What to add from a time on.
     *
     * @param sinceNanos on the rank's clock
     * @param beforeNanos what to add at that time
     * @param errorNanos by how much it may be wrong
     */
    private record Offset(long sinceNanos, long beforeNanos, long nanos, long errorNanos) {

        /** What to add at a time that is not before. */
        long at(long time) {
            if (sinceNanos == Long.MIN_VALUE) {
                return nanos;
            }
            long slew = Math.max(SLEW_NANOS, 2 * Math.abs(nanos - beforeNanos));
            double share = Math.max(0, Math.min(1, (double) (time - sinceNanos) / slew));
            return beforeNanos + Math.round(share * (nanos - beforeNanos));
        }
    }

    private RankClock(List<Offset> offsets) {
        this.offsets = offsets;
    }

    /**
     * The clock of a rank that has been measured for the first time; holds for all times before.
     *
     * @param trips one at least
     */
    static RankClock measured(List<RoundTrip> trips) {
        RoundTrip best = best(trips);
        return new RankClock(
                List.of(
                        new Offset(
                                Long.MIN_VALUE,
                                best.offsetNanos(),
                                best.offsetNanos(),
                                (best.delayNanos() + 1) / 2)));
    }

    /** The trip that tells most: the one with the least delay. */
    static RoundTrip best(List<RoundTrip> trips) {
        return trips.stream().min(Comparator.comparingLong(RoundTrip::delayNanos)).orElseThrow();
    }

    /**
     * The clock after another measurement, which is not used where it tells less than the last.
     *
     * @param trips one at least
     * @param nowNanos on the rank's clock; no time before it changes
     */
    RankClock measuredAgain(List<RoundTrip> trips, long nowNanos) {
        RoundTrip best = best(trips);
        long error = (best.delayNanos() + 1) / 2;
        Offset last = offsets.get(offsets.size() - 1);
        double drifted = last.sinceNanos == Long.MIN_VALUE ? error : nowNanos - last.sinceNanos;
        if (error > last.errorNanos + DRIFT * drifted && offsets.size() > 1) {
            return this;
        }
        int first = Math.max(0, offsets.size() - KEPT + 1);
        List<Offset> more = new ArrayList<>(offsets.subList(first, offsets.size()));
        more.add(new Offset(nowNanos, last.at(nowNanos), best.offsetNanos(), error));
        return new RankClock(List.copyOf(more));
    }

    /**
     * A time of the rank's clock on rank 0's; later times are never earlier there. Times before the
     * last few measurements are not asked for.
     */
    long onRank0(long nanos) {
        int index = offsets.size() - 1;
        while (index > 0 && nanos <= offsets.get(index).sinceNanos) {
            index--;
        }
        return nanos + offsets.get(index).at(nanos);
    }
}
