package org.jhorovod.allreduce.config;

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
            "OMPI_COMM_WORLD_RANK",
            "OMPI_COMM_WORLD_SIZE",
            "OMPI_COMM_WORLD_LOCAL_RANK",
            "OMPI_COMM_WORLD_LOCAL_SIZE");

    private final String rank;
    private final String size;
    private final String localRank;
    private final String localSize;

    ForeignLauncher(String rank, String size, String localRank, String localSize) {
        this.rank = rank;
        this.size = size;
        this.localRank = localRank;
        this.localSize = localSize;
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
        return environment.apply(rank) != null
                && environment.apply(size) != null
                && environment.apply(localRank) != null
                && environment.apply(localSize) != null;
    }

    /** The variable that stands in for a setting of ours, or null. */
    @Nullable String variableFor(Setting<?> setting) {
        String name = setting.name();
        if (name.equals(Settings.RANK.name())) {
            return rank;
        } else if (name.equals(Settings.SIZE.name())) {
            return size;
        } else if (name.equals(Settings.LOCAL_RANK.name())) {
            return localRank;
        }
        return name.equals(Settings.LOCAL_SIZE.name()) ? localSize : null;
    }
}
