package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.Optional;
import javax.net.ssl.SSLException;

/** Opens connections that have proved the job's secret on both ends. */
public final class Connections {
    private Connections() {}

    /**
     * Connects and shakes hands. Only the end that listens hurries its handshakes: if both gave up,
     * one might while the other believes that they have met.
     *
     * @throws HandshakeException if the other end does not belong to the job
     * @throws IOException if it cannot be reached by the deadline
     */
    public static TimedChannel open(
            SocketAddress address, Secret secret, Identity identity, Deadline deadline)
            throws IOException {
        TimedChannel channel = TimedChannel.connect(address, deadline);
        try {
            Optional<JobCertificate> certificate = secret.certificateFor(address);
            if (certificate.isPresent()) {
                channel.encrypt(certificate.get(), true, deadline);
            }
            Handshake.connect(channel, secret, identity, deadline);
            return channel;
        } catch (SSLException e) {
            channel.close();
            throw new TlsException("the other end", e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }
}
