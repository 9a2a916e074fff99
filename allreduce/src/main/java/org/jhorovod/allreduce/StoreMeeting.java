package org.jhorovod.allreduce;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Connections;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.allreduce.rendezvous.HandshakeException;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Identity.Purpose;
import org.jhorovod.allreduce.rendezvous.Listener;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.TimedChannel;
import org.jhorovod.allreduce.rendezvous.Wire;
import org.jhorovod.allreduce.spi.Meeting;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a rank meets the others: they find each other's addresses in the store. Every wait ends as
 * {@link Attendance} says.
 *
 * <p>Closes the connections that nobody has taken over.
 */
final class StoreMeeting implements Meeting, AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(StoreMeeting.class);
    private static final Duration RETRY_PAUSE = Duration.ofMillis(20);
    private static final int MOST_REFUSALS = 50;
    private static final String ADDRESS = "address";

    private final Membership membership;
    private final Configuration configuration;
    private final StorePeers peers;
    private final Topology self;
    private final Attendance attendance;
    private final Arrivals arrivals;
    private final Map<Integer, PublishedAddress> addresses = new HashMap<>();
    private final List<TimedChannel> opened = new ArrayList<>();

    /** Begins to meet: from now on the start timeout runs. */
    StoreMeeting(
            Membership membership, Configuration configuration, StorePeers peers, Group group) {
        this.membership = membership;
        this.configuration = configuration;
        this.peers = peers;
        this.self = membership.topology();
        this.attendance =
                new Attendance(
                        membership.store(),
                        self,
                        group,
                        membership.generation(),
                        configuration.get(Settings.START_TIMEOUT));
        this.arrivals = new Arrivals(membership.generation());
    }

    /** Opens the door for the other ranks. */
    Listener listen() throws IOException {
        return Listener.open(
                new InetSocketAddress(membership.address(), 0),
                secret(),
                handshakeTimeout(),
                arrivals());
    }

    /** Tells the other ranks where the door is. */
    void publishAddress(int port) {
        InetSocketAddress socket = new InetSocketAddress(membership.address(), port);
        publish(ADDRESS, new PublishedAddress(socket, self.host()).encode());
    }

    /** Connects to every other rank; the channels are the caller's. */
    Map<Integer, Wire> connectControl() throws IOException {
        Map<Integer, Wire> control = new HashMap<>();
        for (int rank = 0; rank < self.rank(); rank++) {
            control.put(rank, dial(rank, Purpose.CONTROL).release());
        }
        for (int rank = self.rank() + 1; rank < self.size(); rank++) {
            control.put(rank, awaitArrival(rank, Purpose.CONTROL).release());
            addressOf(rank);
        }
        return control;
    }

    /** Each rank's host name, once all are connected. */
    List<String> hosts() {
        List<String> hosts = new ArrayList<>();
        for (int rank = 0; rank < self.size(); rank++) {
            PublishedAddress peer = addresses.get(rank);
            hosts.add(peer == null ? self.host() : peer.host());
        }
        return hosts;
    }

    private PublishedAddress addressOf(int rank) throws IOException {
        PublishedAddress known = addresses.get(rank);
        if (known == null) {
            String published = awaitPublished(rank, ADDRESS);
            known = decode(rank, published);
            addresses.put(rank, known);
        }
        return known;
    }

    private PublishedAddress decode(int rank, String published) throws IOException {
        try {
            return PublishedAddress.decode(published, membership.address());
        } catch (IOException e) {
            throw new IOException("rank %d published a %s".formatted(rank, e.getMessage()), e);
        }
    }

    /** Leaves the connections that were made to those who asked for them. */
    void handOver() {
        opened.clear();
    }

    @Override
    public void close() {
        close(arrivals);
        opened.forEach(StoreMeeting::close);
    }

    private static void close(Closeable unused) {
        try {
            unused.close();
        } catch (IOException e) {
            logger.debug("Could not close an unused connection", e);
        }
    }

    @Override
    public Topology self() {
        return self;
    }

    @Override
    public int generation() {
        return membership.generation();
    }

    @Override
    public Secret secret() {
        return membership.secret();
    }

    @Override
    public Path temporaryFolder() {
        return configuration.temporaryFolder();
    }

    @Override
    public Duration handshakeTimeout() {
        return configuration.get(Settings.HANDSHAKE_TIMEOUT);
    }

    @Override
    public Listener.Handler arrivals() {
        return arrivals::accept;
    }

    @Override
    public TimedChannel dial(int rank, Purpose purpose) throws IOException {
        return dial(rank, addressOf(rank).socket(), purpose);
    }

    @Override
    public TimedChannel dial(int rank, SocketAddress address, Purpose purpose) throws IOException {
        Identity identity = new Identity(purpose, generation(), self.rank());
        int refusals = 0;
        while (true) {
            try {
                TimedChannel channel =
                        Connections.open(address, secret(), identity, attendance.deadline());
                opened.add(channel);
                return channel;
            } catch (HandshakeException e) {
                // A rank that dies in the middle of it looks the same, until word of that comes.
                refusals++;
                if (refusals == MOST_REFUSALS) {
                    throw new IOException("rank %d: %s".formatted(rank, e.getMessage()), e);
                }
            } catch (IOException e) {
                // Its listener may be busy with strangers, or it has died or stopped.
                logger.debug("Rank {} at {} cannot be reached yet", rank, address, e);
            }
            attendance.failIfOver(rank);
            LockSupport.parkNanos(RETRY_PAUSE.toNanos());
        }
    }

    @Override
    public TimedChannel awaitArrival(int rank, Purpose purpose) {
        Identity identity = new Identity(purpose, generation(), rank);
        TimedChannel channel =
                attendance.await(rank, slice -> arrivals.await(identity, Deadline.after(slice)));
        opened.add(channel);
        return channel;
    }

    @Override
    public void publish(String name, String value) {
        peers.publish(name, value);
    }

    @Override
    public Optional<String> published(int rank, String name) {
        return peers.published(rank, name);
    }

    @Override
    public Configuration configuration() {
        return configuration;
    }

    @Override
    public void fail(CollectiveException cause) {
        peers.fail(cause);
    }

    @Override
    public String awaitPublished(int rank, String name) {
        byte[] value = attendance.awaitWord(rank, peers.key(rank, name));
        return new String(value, StandardCharsets.UTF_8);
    }
}
