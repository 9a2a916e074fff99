package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;

/** Opens connections that have proved the job's secret on both ends. */
public final class Connections {
    private Connections() {}

    /**
     * Connects and shakes hands.
     *
     * @throws HandshakeException if the other end does not belong to the job
     * @throws IOException if it cannot be reached by the deadline
     */
    public static TimedChannel open(
            SocketAddress address,
            Secret secret,
            Identity identity,
            Duration handshakeTimeout,
            Deadline deadline)
            throws IOException {
        TimedChannel channel = TimedChannel.connect(address, deadline);
        try {
            Handshake.connect(channel, secret, identity, deadline.orAfter(handshakeTimeout));
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }
}
