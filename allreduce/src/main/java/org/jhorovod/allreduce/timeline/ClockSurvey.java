package org.jhorovod.allreduce.timeline;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** When rank 0 is asked for its time, and what its answers come to. Owned by the control thread. */
final class ClockSurvey {
    private static final int TRIPS = 16;
    private static final long AGAIN_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final List<RoundTrip> trips = new ArrayList<>();
    private volatile @Nullable RankClock clock; // null until measured
    private boolean isAsking;
    private long nextNanos;

    /** Whether a survey begins now, with a question. */
    boolean begins(long nowNanos) {
        if (isAsking || (clock != null && nowNanos - nextNanos < 0)) {
            return false;
        }
        isAsking = true;
        trips.clear();
        return true;
    }

    /**
     * Takes an answer.
     *
     * @return whether another question follows
     */
    boolean heard(RoundTrip trip) {
        trips.add(trip);
        if (trips.size() < TRIPS) {
            return true;
        }
        RankClock known = clock;
        clock =
                known == null
                        ? RankClock.measured(trips)
                        : known.measuredAgain(trips, trip.heardNanos());
        nextNanos = trip.heardNanos() + AGAIN_NANOS;
        isAsking = false;
        return false;
    }

    /** This rank's clock; null until measured. For any thread. */
    @Nullable RankClock clock() {
        return clock;
    }
}
