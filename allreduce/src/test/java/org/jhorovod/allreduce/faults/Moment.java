package org.jhorovod.allreduce.faults;

import java.time.Duration;

/**
 * When something happens to a rank.
 *
 * @param step which the rank has begun then; -1 for the start of its process
 * @param later how long after that
 */
record Moment(int step, Duration later) {
    private static final int START = -1;

    /** A moment at which the rank may not have met the others yet. */
    static Moment atStart(Duration later) {
        return new Moment(START, later);
    }

    boolean isAtStart() {
        return step == START;
    }

    String describe() {
        return isAtStart()
                ? "%d ms after its start".formatted(later.toMillis())
                : "%.1f ms into step %d".formatted(later.toNanos() / 1e6, step);
    }
}
