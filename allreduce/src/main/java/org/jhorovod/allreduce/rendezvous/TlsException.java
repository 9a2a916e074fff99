package org.jhorovod.allreduce.rendezvous;

import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;

/** Two ends could not agree on TLS. */
final class TlsException extends HandshakeException {
    private static final long serialVersionUID = 1L;
    private static final String ALERT_OF_CERTIFICATE = "certificate_unknown";

    /** Says it in words. */
    TlsException(String who, SSLException cause) {
        super(
                isOfCertificate(cause)
                        ? who
                                + " has another certificate than this end. All ranks need the one"
                                + " of their own launcher (jhorovodrun --tls), or the same file in"
                                + " JHOROVOD_TLS_FILE"
                        : "no TLS with %s: %s"
                                .formatted(
                                        who.equals("it") ? "the other end" : who,
                                        cause.getMessage()));
        initCause(cause);
    }

    private static boolean isOfCertificate(SSLException fault) {
        return fault.getCause() instanceof CertificateException
                || String.valueOf(fault.getMessage()).contains(ALERT_OF_CERTIFICATE);
    }
}
