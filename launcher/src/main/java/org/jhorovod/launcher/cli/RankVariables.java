package org.jhorovod.launcher.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.jspecify.annotations.Nullable;

/**
 * The environment variables that ranks get on every host: the settings of JHorovod that are set
 * here, and what {@code -x} names. Nothing else of the launcher's environment leaves this host.
 */
final class RankVariables {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final String OF_SCRIPT = "JHOROVODRUN_";

    private final Map<String, String> values = new LinkedHashMap<>();

    private RankVariables() {}

    /**
     * Reads the words of {@code -x}, each {@code NAME} or {@code NAME=VALUE}.
     *
     * @param environment that of the launcher, as it was when the user called it
     * @throws UsageException if a word cannot be used
     */
    static RankVariables of(List<String> words, Map<String, String> environment) {
        RankVariables variables = new RankVariables();
        words.forEach(word -> variables.add(word, environment));
        for (Setting<?> setting : Settings.ofUser()) {
            String name = setting.environmentName();
            if (environment.containsKey(name)) {
                variables.values.putIfAbsent(name, environment.get(name));
            }
        }
        return variables;
    }

    private void add(String word, Map<String, String> environment) {
        int equals = word.indexOf('=');
        String name = equals < 0 ? word : word.substring(0, equals);
        requireName(name, word);
        String value = equals < 0 ? environment.get(name) : word.substring(equals + 1);
        if (value == null) {
            throw new UsageException(
                    "-x %s: there is no such variable here; set it, or write -x %s=VALUE"
                            .formatted(name, name));
        }
        if (values.put(name, value) != null) {
            throw new UsageException("-x %s is given twice; give it once".formatted(name));
        }
    }

    private static void requireName(String name, String word) {
        if (!NAME.matcher(name).matches()) {
            throw new UsageException(
                    "-x '%s' names no variable; write -x NAME or -x NAME=VALUE, once for each"
                            .formatted(word));
        }
        boolean isOfLauncher =
                Settings.ofLauncher().stream().anyMatch(s -> s.environmentName().equals(name));
        if (isOfLauncher || name.startsWith(OF_SCRIPT)) {
            throw new UsageException(
                    "-x %s: jhorovodrun itself sets this for each rank; leave it out"
                            .formatted(name));
        }
    }

    /** Sets one more, whatever it was. */
    void put(Setting<?> setting, String value) {
        values.put(setting.environmentName(), value);
    }

    /** The value of a variable as ranks will find it; null if none is passed on. */
    @Nullable String get(String name) {
        return values.get(name);
    }

    /** What to change in the environment that an agent has. */
    List<EnvironmentChange> changes() {
        List<EnvironmentChange> changes = new ArrayList<>();
        values.forEach((name, value) -> changes.add(new EnvironmentChange(name, value)));
        return changes;
    }
}
