package org.jhorovod.launcher.check;

import org.jhorovod.allreduce.spi.Availability;

/**
 * One thing that was looked for.
 *
 * @param name of the thing
 * @param availability what was found
 */
record Finding(String name, Availability availability) {

    static Finding available(String name, String details) {
        return new Finding(name, Availability.available(details));
    }

    static Finding missing(String name, String whyAndHowToGetIt) {
        return new Finding(name, Availability.unavailable(whyAndHowToGetIt));
    }

    /** One line. */
    String describe() {
        String details = availability.details().replaceAll("\\R", " ").strip();
        return "%-12s%s"
                .formatted(
                        name,
                        availability.isAvailable()
                                ? "available (" + details + ")"
                                : "not available: " + details);
    }
}
