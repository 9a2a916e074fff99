package org.jhorovod.allreduce.spi;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Listener;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.TimedChannel;

/**
 * How a backend, and its transport, meet the other ranks while a job forms; every wait ends by the
 * start timeout.
 */
public interface Meeting extends Peers {

    /** The job's secret, for listeners of the transport's own. */
    Secret secret();

    /**
     * A private folder that somebody clears away after the job, even if this process is killed; the
     * system's temporary folder where there is no such thing.
     */
    Path temporaryFolder();

    /** How long a handshake may take. */
    Duration handshakeTimeout();

    /**
     * The connection, over TCP, by which this rank sends to another, which calls {@link
     * #connectFrom}; whoever of the two can be reached, one of them opens it.
     */
    TimedChannel connectTo(int rank, Identity.Purpose purpose) throws IOException;

    /** The connection, over TCP, by which another rank sends to this one. */
    TimedChannel connectFrom(int rank, Identity.Purpose purpose) throws IOException;

    /** Connects to a listener of the transport's own, whose address the rank has published. */
    TimedChannel dial(int rank, SocketAddress address, Identity.Purpose purpose) throws IOException;

    /** Waits for a connection of the given purpose from a rank. */
    TimedChannel awaitArrival(int rank, Identity.Purpose purpose);

    /** Where connections that prove the secret go, whichever listener let them in. */
    Listener.Handler arrivals();

    /** Waits for what a rank publishes under a name. */
    String awaitPublished(int rank, String name);
}
