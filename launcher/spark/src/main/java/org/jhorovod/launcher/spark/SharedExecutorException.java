package org.jhorovod.launcher.spark;

import java.time.Duration;

/** Two ranks would run in one process, which DJL cannot do. */
final class SharedExecutorException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    private SharedExecutorException(String message) {
        super(message);
    }

    static SharedExecutorException twoRanks(int holder, int rank, String executor) {
        return new SharedExecutorException(
                "Ranks %d and %d were both sent to %s, but DJL can train only once a process. Let each executor run one task at a time: set spark.executor.cores=1, or spark.task.cpus to the number of cores of an executor, and have as many executors as ranks. (The master local[N] has one process for all tasks: try local-cluster[N,1,1024].)"
                        .formatted(Math.min(holder, rank), Math.max(holder, rank), executor));
    }

    static SharedExecutorException stillBusy(
            int holder, int rank, String executor, Duration patience) {
        return new SharedExecutorException(
                "Rank %d cannot start on %s: rank %d of another job has not ended there within %d s (JHOROVOD_START_TIMEOUT_SECONDS). Train one model at a time, or on executors of their own, with spark.executor.cores=1."
                        .formatted(rank, executor, holder, patience.toSeconds()));
    }
}
