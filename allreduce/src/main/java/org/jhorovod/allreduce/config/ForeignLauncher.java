package org.jhorovod.allreduce.config;

import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A launcher that is not ours, and the environment variables by which its ranks know their place.
 * They count where {@code JHOROVOD_RANK} and {@code JHOROVOD_SIZE} are both missing.
 */
public enum ForeignLauncher {
    /** Open MPI's {@code mpirun}. */
    OPEN_MPI(
            Map.of(
                    Settings.RANK.name(), "OMPI_COMM_WORLD_RANK",
                    Settings.SIZE.name(), "OMPI_COMM_WORLD_SIZE",
                    Settings.LOCAL_RANK.name(), "OMPI_COMM_WORLD_LOCAL_RANK",
                    Settings.LOCAL_SIZE.name(), "OMPI_COMM_WORLD_LOCAL_SIZE"));

    @SuppressWarnings("ImmutableEnumChecker") // made by Map.of
    private final Map<String, String> variables;

    ForeignLauncher(Map<String, String> variables) {
        this.variables = variables;
    }

    /** The one whose variables are all there. */
    static Optional<ForeignLauncher> detect(UnaryOperator<@Nullable String> environment) {
        for (ForeignLauncher launcher : values()) {
            if (launcher.hasStarted(environment)) {
                return Optional.of(launcher);
            }
        }
        return Optional.empty();
    }

    private boolean hasStarted(UnaryOperator<@Nullable String> environment) {
        for (String variable : variables.values()) {
            if (environment.apply(variable) == null) {
                return false;
            }
        }
        return true;
    }

    /** The variable that stands in for a setting of ours, or null. */
    @Nullable String variableFor(Setting<?> setting) {
        return variables.get(setting.name());
    }
}
