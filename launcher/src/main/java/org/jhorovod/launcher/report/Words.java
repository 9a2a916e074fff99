package org.jhorovod.launcher.report;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Numbers as people read them. */
final class Words {
    private static final double KILO = 1000;
    private static final int SECONDS_PER_MINUTE = 60;

    private Words() {}

    static String percent(double share) {
        double percent = share * 100;
        return format(percent < 9.95 && percent > 0 ? "%.1f %%" : "%.0f %%", percent);
    }

    static String ratio(double ratio) {
        return format("%.1f", ratio);
    }

    /** How often. */
    static String times(long count) {
        return count == 1 ? "once" : count(count) + " times";
    }

    static String count(double number) {
        return format(number < 100 && number != Math.rint(number) ? "%.1f" : "%,.0f", number);
    }

    static String count(long number) {
        return format("%,d", number);
    }

    static String bytes(long byteCount) {
        String[] units = {"B", "kB", "MB", "GB", "TB", "PB"};
        double value = (double) byteCount;
        int unit = 0;
        while (value >= KILO && unit < units.length - 1) {
            value /= KILO;
            unit++;
        }
        return format(unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    }

    static String micros(long micros) {
        return micros((double) micros);
    }

    /** A short time, such as that of a step. */
    static String micros(double micros) {
        if (micros < KILO) {
            return format("%.0f µs", micros);
        }
        double millis = micros / KILO;
        return millis < KILO
                ? format(millis < 100 ? "%.1f ms" : "%.0f ms", millis)
                : duration(Duration.ofNanos((long) (micros * KILO)));
    }

    static String duration(Duration duration) {
        long seconds = duration.toSeconds();
        if (seconds < SECONDS_PER_MINUTE) {
            return format("%.1f s", duration.toMillis() / KILO);
        }
        return duration.toHours() == 0
                ? format("%d min %d s", duration.toMinutes(), duration.toSecondsPart())
                : format("%d h %d min", duration.toHours(), duration.toMinutesPart());
    }

    /** A command, without the class path, which says little and is long. */
    static String command(List<String> words) {
        List<String> shown = new ArrayList<>();
        for (int i = 0; i < words.size(); i++) {
            boolean isClassPath =
                    i > 0
                            && List.of("-cp", "-classpath", "--class-path")
                                    .contains(words.get(i - 1));
            shown.add(isClassPath ? "…" : words.get(i));
        }
        return String.join(" ", shown);
    }

    static String ranks(long count) {
        return count + (count == 1 ? " rank" : " ranks");
    }

    static String hosts(long count) {
        return count + (count == 1 ? " host" : " hosts");
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
