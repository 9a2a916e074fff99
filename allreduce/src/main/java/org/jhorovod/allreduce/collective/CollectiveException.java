package org.jhorovod.allreduce.collective;

/**
 * A collective, or the job around it, cannot go on. Subclasses say what happened; {@link
 * #recovery()} says what the caller can do about it.
 */
public abstract class CollectiveException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What is possible after the failure. */
    public enum Recovery {
        /** The arguments of the call are wrong: fix the program. */
        CALLER,
        /** The job can be formed anew without the lost rank. */
        REJOIN,
        /** Nothing but ending this process. */
        FATAL
    }

    CollectiveException(String message) {
        super(message);
    }

    /** What is possible now. */
    public abstract Recovery recovery();

    /** The text that users read; never null. */
    String messageText() {
        return String.valueOf(getMessage());
    }

    /**
     * A copy with its own stack trace, for a second caller that meets the same failure.
     *
     * @return an exception of the same class and message; this one's stack, of a thread of ours,
     *     would only hide it
     */
    public abstract CollectiveException again();
}
