package org.jhorovod.allreduce.config;

import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One knob: its name, default, range and what it does.
 *
 * @param name upper case with underscores; the environment variable is {@code JHOROVOD_<name>}, the
 *     system property {@code jhorovod.<name>} in lower case with dots
 * @param defaultText the value where nobody sets it, as a user would write it; null if it is simply
 *     absent then
 * @param range the legal values, in words
 * @param description one sentence for the help
 * @param parser turns the text into the value, or throws {@link IllegalArgumentException}
 */
public record Setting<T>(
        String name,
        @Nullable String defaultText,
        String range,
        String description,
        Function<String, T> parser) {

    /** The environment variable. */
    public String environmentName() {
        return "JHOROVOD_" + name;
    }

    /** The system property. */
    public String propertyName() {
        return "jhorovod." + name.toLowerCase(Locale.ROOT).replace('_', '.');
    }
}
