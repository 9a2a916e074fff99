package org.jhorovod.launcher.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jhorovod.launcher.plan.EnvironmentChange;

/**
 * What the start script has put aside because it is meant for the ranks and not for the launcher's
 * own JVMs: options of Java, and the locale where the script had to choose one in which arguments
 * keep their letters.
 */
final class SavedEnvironment {
    private static final String SAVED = "JHOROVODRUN_SAVED_";
    private static final String UNSET = "JHOROVODRUN_UNSET_";

    private SavedEnvironment() {}

    /** The changes that give the ranks the environment in which the script was called. */
    static List<EnvironmentChange> changes() {
        return changes(System.getenv());
    }

    static List<EnvironmentChange> changes(Map<String, String> environment) {
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
