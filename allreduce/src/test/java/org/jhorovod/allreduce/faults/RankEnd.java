package org.jhorovod.allreduce.faults;

/**
 * How a rank has ended.
 *
 * @param exitCode {@link #LATE} if it had to be ended
 * @param report the last that it has said
 */
record RankEnd(int rank, int exitCode, RankReport report) {
    static final int LATE = -1;

    String describe() {
        String code = exitCode == LATE ? "late" : String.valueOf(exitCode);
        return "%d: %s (%s)".formatted(rank, report.describe(), code);
    }
}
