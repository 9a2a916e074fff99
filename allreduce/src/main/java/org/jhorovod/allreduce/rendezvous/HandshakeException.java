package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;

/** A connection did not prove that it belongs to the job. */
public sealed class HandshakeException extends IOException permits NotTlsException, TlsException {
    private static final long serialVersionUID = 1L;

    HandshakeException(String message) {
        super(message);
    }
}
