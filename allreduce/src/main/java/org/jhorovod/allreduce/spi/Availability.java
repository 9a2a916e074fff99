package org.jhorovod.allreduce.spi;

/**
 * Whether a backend can be used in this process.
 *
 * @param isAvailable whether it can
 * @param details its version and what it found; otherwise why it cannot and how to get it, one line
 */
public record Availability(boolean isAvailable, String details) {

    /** It can. */
    public static Availability available(String details) {
        return new Availability(true, details);
    }

    /** It cannot. */
    public static Availability unavailable(String whyAndHowToGetIt) {
        return new Availability(false, whyAndHowToGetIt);
    }
}
