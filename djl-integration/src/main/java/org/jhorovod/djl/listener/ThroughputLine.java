package org.jhorovod.djl.listener;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a {@link ThroughputListener} says at a time.
 *
 * @param epoch that is being trained, from 1
 * @param epochs how many there will be
 * @param shareOfEpoch that has been trained, 0 to 1
 * @param steps that have been made
 * @param samplesPerSecond over all ranks
 * @param ranks how many train together
 * @param waitingShare of the steps, 0 to 1
 * @param loss so far in this epoch, on rank 0; NaN if unknown
 * @param timeLeft until the last epoch's end
 */
record ThroughputLine(
        int epoch,
        int epochs,
        OptionalDouble shareOfEpoch,
        long steps,
        OptionalDouble samplesPerSecond,
        int ranks,
        double waitingShare,
        float loss,
        Optional<Duration> timeLeft) {

    /** The line in words. */
    String text() {
        StringBuilder line = new StringBuilder();
        add(line, "Epoch %d of %d", epoch, Math.max(epoch, epochs));
        shareOfEpoch.ifPresent(share -> add(line, " (%.0f %%)", Math.floor(share * 100)));
        add(line, ", step %,d: ", steps);
        if (samplesPerSecond.isPresent()) {
            add(line, "%,.0f samples/s", samplesPerSecond.getAsDouble());
        } else {
            line.append("speed not known yet");
        }
        if (ranks > 1) {
            add(line, " over %d ranks, %.1f %% of the steps waiting", ranks, waitingShare * 100);
        }
        if (!Float.isNaN(loss)) {
            add(line, ", loss %.4f", loss);
            line.append(ranks > 1 ? " on rank 0" : "");
        }
        line.append(", ");
        line.append(
                timeLeft.map(left -> inWords(left) + " left").orElse("time left not known yet"));
        return line.toString();
    }

    private static void add(StringBuilder line, String format, Object... values) {
        line.append(String.format(Locale.ROOT, format, values));
    }

    /** The two largest units of a duration. */
    static String inWords(Duration duration) {
        long seconds = Math.max(0, Math.round(duration.toMillis() / 1e3));
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3600) {
            return "%d min %d s".formatted(seconds / 60, seconds % 60);
        }
        long minutes = Math.round(seconds / 60.0);
        if (minutes < 24 * 60) {
            return "%d h %d min".formatted(minutes / 60, minutes % 60);
        }
        long hours = Math.round(minutes / 60.0);
        return "%d d %d h".formatted(hours / 24, hours % 24);
    }
}
