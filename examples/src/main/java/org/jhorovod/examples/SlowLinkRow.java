package org.jhorovod.examples;

import org.jspecify.annotations.Nullable;

/**
 * One way of training in figures. What is null is not in the JSON.
 *
 * @param way its name
 * @param seconds to the accuracy; null where it was not reached
 * @param isEstimated whether the seconds are the steps times the median step
 * @param steps to the accuracy, or all that were made
 * @param accuracy at the end
 * @param stepMillis the median step
 * @param sentBytes by rank 0's host in these steps; null where unknown
 * @param timesPlain how many times faster than plain; null where a time is missing
 */
record SlowLinkRow(
        String way,
        @Nullable Double seconds,
        boolean isEstimated,
        int steps,
        double accuracy,
        double stepMillis,
        @Nullable Long sentBytes,
        @Nullable Double timesPlain) {

    /**
     * Of a training.
     *
     * @param knownSteps steps to the accuracy, known from elsewhere, for an estimate; or null
     */
    static SlowLinkRow of(AccuracyCurve curve, double accuracy, @Nullable Integer knownSteps) {
        CurvePoint end = curve.reached(accuracy).orElseGet(curve::last);
        boolean isReached = end.accuracy() >= accuracy;
        if (!isReached && knownSteps != null) {
            double seconds = knownSteps * curve.stepMillis() / 1e3;
            Long sent = end.sentBytes();
            return new SlowLinkRow(
                    curve.way(),
                    seconds,
                    true,
                    knownSteps,
                    end.accuracy(),
                    curve.stepMillis(),
                    sent == null ? null : sent * knownSteps / end.steps(),
                    null);
        }
        return new SlowLinkRow(
                curve.way(),
                isReached ? end.seconds() : null,
                false,
                end.steps(),
                end.accuracy(),
                curve.stepMillis(),
                end.sentBytes(),
                null);
    }

    /** The same beside plain. */
    SlowLinkRow beside(@Nullable SlowLinkRow plain) {
        Double plainSeconds = plain == null ? null : plain.seconds();
        Double ratio = plainSeconds == null || seconds == null ? null : plainSeconds / seconds;
        return new SlowLinkRow(
                way, seconds, isEstimated, steps, accuracy, stepMillis, sentBytes, ratio);
    }
}
