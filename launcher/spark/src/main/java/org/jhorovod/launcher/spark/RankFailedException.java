package org.jhorovod.launcher.spark;

/** A job of ranks in Spark's tasks failed, and was not, or not again, begun anew. */
public final class RankFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int rank;
    private final String host;

    RankFailedException(String message, int rank, String host, Throwable cause) {
        super(message, cause);
        this.rank = rank;
        this.host = host;
    }

    /** The rank that failed first; -1 if the job failed before or outside of its ranks. */
    public int rank() {
        return rank;
    }

    /** Where that rank ran; empty if the job failed before or outside of its ranks. */
    public String host() {
        return host;
    }
}
