package org.jhorovod.djl.checkpoint;

/** A checkpoint cannot be used, or none can be kept. */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** With what happened, why, and what to do. */
    public CheckpointException(String message) {
        super(message);
    }

    /** The same with what it came from. */
    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
