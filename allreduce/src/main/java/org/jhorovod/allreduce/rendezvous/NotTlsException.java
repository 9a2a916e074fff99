package org.jhorovod.allreduce.rendezvous;

/** The other end of a connection that is to be encrypted speaks in the clear. */
final class NotTlsException extends HandshakeException {
    private static final long serialVersionUID = 1L;

    NotTlsException(boolean hasConnected) {
        super(
                (hasConnected ? "the other end" : "it")
                        + " does not use TLS, but this end does. "
                        + REMEDY);
    }

    /** What to do where one end has a certificate and the other has not. */
    static final String REMEDY =
            "Start all ranks with one jhorovodrun --tls, or set JHOROVOD_TLS_FILE for all of them"
                    + " or for none";
}
