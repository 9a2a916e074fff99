package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
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
        return shakeHands(
                TimedChannel.connect(address, deadline),
                secret.certificateFor(address),
                secret,
                identity,
                deadline,
                deadline);
    }

    /**
     * The same where it is not known whether anybody is there.
     *
     * @param connected when there must be a connection
     * @param hello how long the other end may take from then on to say hello
     */
    public static TimedChannel open(
            SocketAddress address,
            Secret secret,
            Identity identity,
            Deadline connected,
            Duration hello,
            Deadline deadline)
            throws IOException {
        return shakeHands(
                TimedChannel.connect(address, connected),
                secret.certificateFor(address),
                secret,
                identity,
                Deadline.after(hello),
                deadline);
    }

    /**
     * The same with a rank that nobody can connect to, through a relay.
     *
     * @param relay the store's address
     * @param identity of this rank, for the listener of the other
     * @param joined when the relay must have found the other
     */
    public static TimedChannel openThrough(
            InetSocketAddress relay,
            Secret secret,
            Identity identity,
            Deadline joined,
            Deadline deadline)
            throws IOException {
        Identity caller =
                new Identity(
                        Identity.Purpose.RELAY,
                        identity.generation(),
                        identity.rank(),
                        identity.listener(),
                        false);
        TimedChannel toRelay = open(relay, secret, caller, joined);
        try {
            RelayServer.hear(toRelay, joined);
            return shakeHands(
                    new TimedChannel(toRelay.releaseBare()),
                    secret.certificateFor(relay),
                    secret,
                    identity,
                    deadline,
                    deadline);
        } catch (IOException | RuntimeException e) {
            toRelay.close();
            throw e;
        }
    }

    private static TimedChannel shakeHands(
            TimedChannel channel,
            Optional<JobCertificate> certificate,
            Secret secret,
            Identity identity,
            Deadline hello,
            Deadline deadline)
            throws IOException {
        try {
            if (certificate.isPresent()) {
                channel.encrypt(certificate.get(), true, hello);
            }
            Handshake.connect(channel, secret, identity, hello, deadline);
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
