package org.jhorovod.allreduce.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The kinds of values that settings have: how each is written, and what is refused. */
final class SettingKinds {
    private SettingKinds() {}

    static Setting<Boolean> flag(String name, boolean byDefault, String what) {
        return new Setting<>(
                name,
                Boolean.toString(byDefault),
                "true, false",
                what,
                text ->
                        switch (text.toLowerCase(Locale.ROOT)) {
                            case "true" -> true;
                            case "false" -> false;
                            default -> throw new IllegalArgumentException("neither of these");
                        });
    }

    static Setting<Integer> integer(String name, @Nullable String byDefault, int min, String what) {
        return new Setting<>(
                name,
                byDefault,
                min == Integer.MIN_VALUE ? "whole number" : "whole number from " + min,
                what,
                text -> {
                    int value = Integer.parseInt(text);
                    if (value < min) {
                        throw new IllegalArgumentException("less than " + min);
                    }
                    return value;
                });
    }

    static Setting<Integer> integer(String name, String byDefault, int min, int max, String what) {
        Setting<Integer> open = integer(name, byDefault, min, what);
        return new Setting<>(
                name,
                byDefault,
                "whole number from " + min + " to " + max,
                what,
                text -> {
                    int value = open.parser().apply(text);
                    if (value > max) {
                        throw new IllegalArgumentException("more than " + max);
                    }
                    return value;
                });
    }

    static Setting<String> text(String name, @Nullable String byDefault, String what) {
        return new Setting<>(name, byDefault, "text", what, text -> text);
    }

    static Setting<Path> path(String name, String what) {
        return new Setting<>(name, null, "path", what, Path::of);
    }

    static Setting<Duration> seconds(String name, double min, String byDefault, String what) {
        return new Setting<>(
                name,
                byDefault,
                "seconds, at least "
                        + (min == Math.rint(min)
                                ? Long.toString((long) min)
                                : Double.toString(min)),
                what,
                text -> {
                    double value = Double.parseDouble(text);
                    if (!(value >= min) || value > Integer.MAX_VALUE) {
                        throw new IllegalArgumentException("out of range");
                    }
                    return Duration.ofMillis(Math.round(value * 1000));
                });
    }

    static <E extends Enum<E>> Setting<E> choice(String name, E byDefault, String what) {
        E[] values = byDefault.getDeclaringClass().getEnumConstants();
        List<String> names = new ArrayList<>();
        for (E value : values) {
            names.add(value.name().toLowerCase(Locale.ROOT));
        }
        return new Setting<>(
                name,
                byDefault.name().toLowerCase(Locale.ROOT),
                String.join(", ", names),
                what,
                text -> {
                    for (E value : values) {
                        if (value.name().equalsIgnoreCase(text)) {
                            return value;
                        }
                    }
                    throw new IllegalArgumentException("none of these");
                });
    }

    static Setting<Double> share(String name, String what) {
        return new Setting<>(
                name,
                null,
                "share from 0 (none) to less than 1, such as 0.2",
                what,
                text -> {
                    double value = Double.parseDouble(text);
                    if (!(value >= 0) || value >= 1) {
                        throw new IllegalArgumentException("out of range");
                    }
                    return value;
                });
    }
}
