package org.jhorovod.launcher.cli;

import com.google.common.collect.ImmutableList;
import java.util.List;
import org.jhorovod.launcher.job.RestartRule;
import org.jhorovod.launcher.plan.HostSlots;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is done when a job fails. */
final class RestartOptions {
    @Option(
            names = "--max-restarts",
            paramLabel = "N",
            description =
                    "Start the job again up to N times when it fails, without hosts that were lost."
                            + " It resumes from its checkpoints (JHOROVOD_CHECKPOINT_FOLDER).")
    private int maxRestarts;

    @Option(
            names = "--min-np",
            paramLabel = "N",
            description =
                    "Start it again with as few as N ranks, where hosts were lost; as many as -np"
                            + " if not given.")
    private @Nullable Integer minSize;

    /**
     * The rule for a job.
     *
     * @param size how many ranks it has
     * @param hosts where it may run
     * @throws UsageException if the options make no sense
     */
    RestartRule rule(int size, List<HostSlots> hosts) {
        if (maxRestarts < 0) {
            throw new UsageException(
                    "--max-restarts is %d, but must be 0 or more".formatted(maxRestarts));
        }
        if (minSize != null && maxRestarts == 0) {
            throw new UsageException("--min-np has no effect without --max-restarts");
        }
        if (minSize != null && (minSize < 1 || minSize > size)) {
            throw new UsageException(
                    "--min-np is %d, but must be from 1 to -np, which is %d"
                            .formatted(minSize, size));
        }
        return new RestartRule(
                maxRestarts, size, minSize == null ? size : minSize, ImmutableList.copyOf(hosts));
    }
}
