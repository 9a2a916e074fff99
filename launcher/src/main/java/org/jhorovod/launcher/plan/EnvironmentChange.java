package org.jhorovod.launcher.plan;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One change to the environment that a process inherits.
 *
 * @param name the variable
 * @param value its value; null takes the variable away
 */
public record EnvironmentChange(String name, @Nullable String value) {

    /** Makes the changes in their order. */
    public static void apply(List<EnvironmentChange> changes, Map<String, String> environment) {
        for (EnvironmentChange change : changes) {
            if (change.value() == null) {
                environment.remove(change.name());
            } else {
                environment.put(change.name(), change.value());
            }
        }
    }
}
