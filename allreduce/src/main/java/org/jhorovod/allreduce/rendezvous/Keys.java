package org.jhorovod.allreduce.rendezvous;

/** The names under which ranks and launcher leave word in the store; each carries the generation. */
public final class Keys {
    private Keys() {}

    /** Where a rank's listener can be reached. */
    public static String address(int generation, int rank) {
        return "g%d/address/%d".formatted(generation, rank);
    }

    /** A rank that ended without a goodbye; the value says how that was seen. */
    public static String gone(int generation, int rank) {
        return "g%d/gone/%d".formatted(generation, rank);
    }

    /**
     * Whom a rank lost, put before that rank throws: the value is a {@link LostReport}.
     *
     * @param rank the rank that reports
     */
    public static String lost(int generation, int rank) {
        return "g%d/lost/%d".formatted(generation, rank);
    }
}
