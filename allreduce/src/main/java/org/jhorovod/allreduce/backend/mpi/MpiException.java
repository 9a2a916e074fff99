package org.jhorovod.allreduce.backend.mpi;

import java.io.IOException;

/** MPI, or what binds it to Java, has refused. */
final class MpiException extends IOException {
    private static final long serialVersionUID = 1L;

    MpiException(String message) {
        super(message);
    }

    MpiException(String message, Throwable cause) {
        super(message, cause);
    }
}
