package org.jhorovod.allreduce.timeline;

/**
 * A question to rank 0, and its answer.
 *
 * @param sentNanos when it was asked, on the asker's clock
 * @param answeredNanos when it was answered, on rank 0's clock
 * @param heardNanos when the answer came, on the asker's clock
 */
record RoundTrip(long sentNanos, long answeredNanos, long heardNanos) {

    long delayNanos() {
        return heardNanos - sentNanos;
    }

    /** What has to be added to the asker's clock, wrong by at most half of the delay. */
    long offsetNanos() {
        return answeredNanos - (sentNanos + delayNanos() / 2);
    }
}
