package org.jhorovod.launcher.job;

/** What can happen to a job. */
sealed interface JobEvent {

    /** A rank runs. */
    record RankStarted(int rank, long pid) implements JobEvent {}

    /** A rank has ended, or was not started. */
    record RankExited(int rank, int code) implements JobEvent {}

    /** Somebody wants the launcher to end. */
    record Interrupted(int signalNumber) implements JobEvent {}

    /** The agent went before its ranks did. */
    record AgentLost(String how) implements JobEvent {}

    /** The state's deadline has passed. */
    record DeadlinePassed() implements JobEvent {}
}
