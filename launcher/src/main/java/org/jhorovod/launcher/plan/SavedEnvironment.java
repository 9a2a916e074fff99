package org.jhorovod.launcher.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What the start script has put aside because it is meant for the ranks and not for the launcher's
 * own JVMs: options of Java, and the locale where the script had to choose one in which arguments
 * keep their letters.
 */
public final class SavedEnvironment {
    private static final String SAVED = "JHOROVODRUN_SAVED_";
    private static final String UNSET = "JHOROVODRUN_UNSET_";

    private SavedEnvironment() {}

    /** Gives an environment back what the script has put aside in it. */
    public static void restore(Map<String, String> environment) {
        EnvironmentChange.apply(changes(environment), environment);
    }

    private static List<EnvironmentChange> changes(Map<String, String> environment) {
        List<EnvironmentChange> changes = new ArrayList<>();
        environment.forEach(
                (name, value) -> {
                    if (name.startsWith(SAVED)) {
                        changes.add(new EnvironmentChange(name, null));
                        changes.add(new EnvironmentChange(name.substring(SAVED.length()), value));
                    } else if (name.startsWith(UNSET)) {
                        changes.add(new EnvironmentChange(name, null));
                        changes.add(new EnvironmentChange(name.substring(UNSET.length()), null));
                    }
                });
        return changes;
    }
}
