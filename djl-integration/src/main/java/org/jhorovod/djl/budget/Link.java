package org.jhorovod.djl.budget;

import java.util.Locale;

/**
 * The line between sites, as their carriers see it.
 *
 * @param bytesPerSecond that a carrier sends to the next while all do
 * @param delaySeconds of an all-gather of a few bytes
 */
public record Link(double bytesPerSecond, double delaySeconds) {
    private static final double LEAST_PART = 0.1;

    /** Checks the numbers. */
    public Link {
        if (!(bytesPerSecond > 0) || !(delaySeconds >= 0)) {
            throw new IllegalArgumentException(
                    "A link has a rate and a delay, not %s B/s and %s s."
                            .formatted(bytesPerSecond, delaySeconds));
        }
    }

    /** How long bytes take, and messages that wait for each other. */
    double seconds(double bytes, double messages) {
        return messages * delaySeconds + bytes / bytesPerSecond;
    }

    /**
     * As exchanges between sites have found it; the same where there were none. What they took
     * longer than the delay is put down to the rate.
     */
    public Link seenIn(double seconds, long bytes, long messages) {
        if (bytes == 0 || seconds == 0) {
            return this;
        }
        double sending = Math.max(seconds - messages * delaySeconds, LEAST_PART * seconds);
        return new Link(bytes / sending, delaySeconds);
    }

    /** In words, for a log. */
    String describe() {
        return String.format(
                Locale.ROOT,
                "%s Mbit/s, %.1f ms",
                rounded(bytesPerSecond * 8 / 1e6),
                delaySeconds * 1e3);
    }

    private static String rounded(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.1f" : "%.0f", value);
    }
}
