package org.jhorovod.allreduce.config;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What Open MPI's {@code mpirun} tells the processes that it starts, beside their ranks.
 *
 * @param bindsRanks whether it may have bound each rank to cores of its own
 * @param yieldsWhenIdle whether a rank that waits in MPI leaves its core to others
 * @param host what it calls this process's host, the same for all ranks there and for no other;
 *     empty where it does not say
 * @param sessionFolder a private folder that it removes when the job ends
 */
public record MpirunOptions(
        boolean bindsRanks,
        boolean yieldsWhenIdle,
        Optional<String> host,
        Optional<Path> sessionFolder) {

    static MpirunOptions read(UnaryOperator<@Nullable String> environment) {
        String folder = environment.apply("PMIX_SERVER_TMPDIR");
        // Its daemon's address: unlike host names it differs where network namespaces are hosts.
        String daemon = environment.apply("OMPI_MCA_orte_local_daemon_uri");
        return new MpirunOptions(
                !"none".equals(environment.apply("OMPI_MCA_hwloc_base_binding_policy")),
                isOn(environment.apply("OMPI_MCA_mpi_yield_when_idle"))
                        || isOn(environment.apply("OMPI_MCA_mpi_oversubscribe")),
                Optional.ofNullable(daemon),
                Optional.ofNullable(folder).flatMap(MpirunOptions::path).filter(Files::isWritable));
    }

    /** Empty where the process's locale has no letters for it. */
    private static Optional<Path> path(String text) {
        try {
            return Optional.of(Path.of(text));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static boolean isOn(@Nullable String value) {
        return value != null && (value.equals("1") || value.equalsIgnoreCase("true"));
    }
}
