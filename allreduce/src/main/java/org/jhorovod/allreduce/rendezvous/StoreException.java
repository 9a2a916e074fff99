package org.jhorovod.allreduce.rendezvous;

/** The store did not answer, could not be reached, or a value did not come in time. */
public final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StoreException(String message) {
        super(message);
    }

    StoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
