package org.jhorovod.launcher.spark;

import java.util.List;
import java.util.Optional;

/**
 * How a rank's task ended that did not succeed.
 *
 * @param rank its partition
 * @param host where it ran
 * @param executor which executor of the job that was
 * @param kind what that says about who failed first
 * @param exceptionClass the class of its exception; empty where there was none
 * @param reason in Spark's words
 */
record RankFailure(
        int rank, String host, String executor, Kind kind, String exceptionClass, String reason) {

    /** Whether a failure may be the first one, the likelier the earlier in this list. */
    enum Kind {
        /** Its executor went, or the program threw. */
        OWN,
        /** It missed another rank, or did not meet it. */
        PEER_MISSED,
        /** Spark ended it because another had failed. */
        KILLED
    }

    /** The first failure, given them in the order in which they were seen. */
    static Optional<RankFailure> rootCause(List<RankFailure> seen) {
        for (Kind kind : Kind.values()) {
            for (RankFailure failure : seen) {
                if (failure.kind == kind) {
                    return Optional.of(failure);
                }
            }
        }
        return Optional.empty();
    }

    /** Which rank, where, and why. */
    String describe() {
        return "rank %d on %s (executor %s): %s".formatted(rank, host, executor, reason);
    }
}
