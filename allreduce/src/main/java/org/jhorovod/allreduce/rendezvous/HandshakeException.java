package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;

/** A connection did not prove that it belongs to the job. */
public final class HandshakeException extends IOException {
    private static final long serialVersionUID = 1L;

    HandshakeException(String message) {
        super(message);
    }
}
