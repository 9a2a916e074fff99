package org.jhorovod.allreduce.config;

import com.google.common.collect.ImmutableMap;
import java.util.Arrays;
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
            ImmutableMap.of(
                    Settings.RANK.name(), "OMPI_COMM_WORLD_RANK",
                    Settings.SIZE.name(), "OMPI_COMM_WORLD_SIZE",
                    Settings.LOCAL_RANK.name(), "OMPI_COMM_WORLD_LOCAL_RANK",
                    Settings.LOCAL_SIZE.name(), "OMPI_COMM_WORLD_LOCAL_SIZE"));

    private final ImmutableMap<String, String> variables;

    ForeignLauncher(ImmutableMap<String, String> variables) {
        this.variables = variables;
    }

    /** The one whose variables are all there. */
    static Optional<ForeignLauncher> detect(UnaryOperator<@Nullable String> environment) {
        return Arrays.stream(values())
                .filter(
                        launcher ->
                                launcher.variables.values().stream()
                                        .allMatch(name -> environment.apply(name) != null))
                .findFirst();
    }

    /** The variable that stands in for a setting of ours, or null. */
    @Nullable String variableFor(Setting<?> setting) {
        return variables.get(setting.name());
    }
}
