package org.jhorovod.launcher.job;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import java.util.stream.IntStream;

/**
 * Where a job stands.
 *
 * @param phase how far it is
 * @param deadlineNanos when {@link JobEvent.DeadlinePassed} is due; {@link #NEVER} if not at all
 * @param alive the ranks that have not ended
 * @param exits how ranks ended, in the order in which they did
 * @param interruption the signal that ends the launcher; 0 if there was none
 */
record JobState(
        Phase phase,
        long deadlineNanos,
        ImmutableSet<Integer> alive,
        ImmutableList<RankExit> exits,
        int interruption) {
    static final long NEVER = Long.MAX_VALUE;

    /**
     * How far a job is.
     *
     * <pre>
     * RUNNING ──failure*──▶ GRACE ──time──▶ TERMINATING ──time──▶ KILLING ──time──▶ ENDED
     *    └──────interrupted────┴───────────────▲  └──interrupted──▲
     * any ──no rank is left of which anything is known──▶ ENDED
     * </pre>
     *
     * <p>*: a rank fails, or a host's agent is lost, and with it all its ranks.
     */
    enum Phase {
        RUNNING,
        /** A rank has failed or a host is lost; the others may still end by themselves. */
        GRACE,
        /** SIGTERM was sent. */
        TERMINATING,
        /** SIGKILL was sent. */
        KILLING,
        ENDED
    }

    static JobState start(int size) {
        return new JobState(
                Phase.RUNNING,
                NEVER,
                IntStream.range(0, size).boxed().collect(ImmutableSet.toImmutableSet()),
                ImmutableList.of(),
                0);
    }

    /** Whether a rank has failed before the launcher sent it a signal. */
    boolean hasFailedByItself() {
        return exits.stream().anyMatch(exit -> exit.isFailure() && !exit.wasSignalled());
    }

    JobState in(Phase newPhase, long newDeadlineNanos) {
        return new JobState(newPhase, newDeadlineNanos, alive, exits, interruption);
    }

    JobState interruptedBy(int signalNumber) {
        return new JobState(phase, deadlineNanos, alive, exits, signalNumber);
    }

    JobState without(RankExit exit) {
        return new JobState(
                phase,
                deadlineNanos,
                alive.stream()
                        .filter(rank -> rank != exit.rank())
                        .collect(ImmutableSet.toImmutableSet()),
                ImmutableList.<RankExit>builder().addAll(exits).add(exit).build(),
                interruption);
    }
}
