package org.jhorovod.launcher.job;

/**
 * How a rank ended.
 *
 * @param rank its number
 * @param code its exit code, or 128 + n if signal n ended it
 * @param wasSignalled whether the launcher had sent it a signal before
 */
record RankExit(int rank, int code, boolean wasSignalled) {

    boolean isFailure() {
        return code != 0;
    }
}
