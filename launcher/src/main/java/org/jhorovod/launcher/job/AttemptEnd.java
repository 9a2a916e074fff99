package org.jhorovod.launcher.job;

import com.google.common.collect.ImmutableSet;
import java.util.Set;

/**
 * What became of one attempt to run a job.
 *
 * @param kind how it ended
 * @param exitCode what the launcher would exit with
 * @param reason why it failed, as the end of a sentence; empty if it did not
 * @param lostHosts the hosts that cannot be used any more, by the names that users gave them
 * @param hasMetAny whether any rank came to the rendezvous
 */
record AttemptEnd(
        Kind kind, int exitCode, String reason, ImmutableSet<String> lostHosts, boolean hasMetAny) {
    private static final int CANNOT_RUN = 126;
    private static final int NOT_FOUND = 127;

    /** How an attempt can end. */
    enum Kind {
        FINISHED,
        FAILED,
        /** No rank was started. */
        REFUSED,
        /** Somebody wanted the launcher to end. */
        INTERRUPTED
    }

    static AttemptEnd finished() {
        return new AttemptEnd(Kind.FINISHED, 0, "", ImmutableSet.of(), true);
    }

    static AttemptEnd interrupted(int exitCode) {
        return new AttemptEnd(Kind.INTERRUPTED, exitCode, "", ImmutableSet.of(), true);
    }

    static AttemptEnd refused(int exitCode, String reason, Set<String> hosts) {
        return new AttemptEnd(Kind.REFUSED, exitCode, reason, ImmutableSet.copyOf(hosts), false);
    }

    static AttemptEnd failed(
            int exitCode, String reason, Set<String> lostHosts, boolean hasMetAny) {
        return new AttemptEnd(
                Kind.FAILED, exitCode, reason, ImmutableSet.copyOf(lostHosts), hasMetAny);
    }

    /** Whether the program is not there, or cannot be run, which will be so the next time. */
    boolean isForWantOfProgram() {
        return !hasMetAny && (exitCode == CANNOT_RUN || exitCode == NOT_FOUND);
    }
}
