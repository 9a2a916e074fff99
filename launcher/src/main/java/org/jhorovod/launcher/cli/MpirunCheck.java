package org.jhorovod.launcher.cli;

import org.jhorovod.launcher.job.JobSpec;
import org.jhorovod.launcher.job.MpirunStart;
import org.jhorovod.launcher.plan.MpirunCommand;

/** Finds what stands against {@code --mpi} before anything is started. */
final class MpirunCheck {
    private MpirunCheck() {}

    /**
     * Checks that mpirun is there and can be told what to do.
     *
     * @param isDryRun whether it need not be there
     * @throws UsageException saying what to change
     */
    static void require(JobSpec spec, boolean isDryRun) {
        try {
            MpirunStart.command(spec);
        } catch (IllegalArgumentException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
        if (!isDryRun && !ProgramPath.isOnPath(MpirunCommand.NAME)) {
            throw new UsageException(
                    "--mpi needs Open MPI's mpirun, which is not on the PATH; install Open MPI (on"
                            + " Debian and Ubuntu the package openmpi-bin)");
        }
    }
}
