package org.jhorovod.launcher.job;

/**
 * How a rank ended.
 *
 * @param rank its number
 * @param code its exit code, or 128 + n if signal n ended it; 1 if it was lost
 * @param wasSignalled whether the launcher had sent it a signal before
 * @param wasLost whether its host's agent was lost, so that nothing more is known of it
 */
record RankExit(int rank, int code, boolean wasSignalled, boolean wasLost) {
    static final int UNKNOWN_CODE = 1;

    RankExit(int rank, int code, boolean wasSignalled) {
        this(rank, code, wasSignalled, false);
    }

    static RankExit lost(int rank, boolean wasSignalled) {
        return new RankExit(rank, UNKNOWN_CODE, wasSignalled, true);
    }

    boolean isFailure() {
        return code != 0;
    }
}
