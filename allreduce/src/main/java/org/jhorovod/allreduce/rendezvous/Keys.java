package org.jhorovod.allreduce.rendezvous;

/**
 * The names under which ranks and launcher leave word in the store; each carries the generation.
 */
public final class Keys {
    private Keys() {}

    /**
     * What a rank tells those that it meets.
     *
     * @param round how often the ranks have met in this generation before
     */
    public static String meeting(int generation, int round, int rank, String name) {
        return "g" + generation + "/meeting" + round + "/" + rank + "/" + name;
    }

    /** A part of what rank 0 tells of the run, for the launcher's report. */
    public static String report(int generation, String part) {
        return "g" + generation + "/report/" + part;
    }

    /** A rank that ended without a goodbye; the value says how that was seen. */
    public static String gone(int generation, int rank) {
        return "g" + generation + "/gone/" + rank;
    }

    /**
     * Whom a rank lost, put before that rank throws: the value is a {@link LostReport}.
     *
     * @param rank the rank that reports
     */
    public static String lost(int generation, int rank) {
        return "g" + generation + "/lost/" + rank;
    }
}
