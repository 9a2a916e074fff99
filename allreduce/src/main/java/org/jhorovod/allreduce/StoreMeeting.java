package org.jhorovod.allreduce;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
import org.jhorovod.allreduce.rendezvous.RelayListener;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.TimedChannel;
import org.jhorovod.allreduce.rendezvous.Wire;
import org.jhorovod.allreduce.spi.Meeting;
import org.jspecify.annotations.Nullable;
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
    private static final String OBSTACLE = "obstacle";
    // The kernels of near hosts connect at once; distant ones may swallow each trial.
    private static final Duration TRIAL = Duration.ofSeconds(1);
    private static final Duration RELAY_ATTEMPT = Duration.ofSeconds(10);
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Membership membership;
    private final Configuration configuration;
    private final StorePeers peers;
    private final Topology self;
    private final Group group;
    private final NetworkView network;
    private final long listenerNumber;
    private final Attendance attendance;
    private final Arrivals arrivals;
    private final Map<Integer, PublishedAddress> addresses = new HashMap<>();
    private final Neighbourhood neighbourhood;
    private final List<TimedChannel> opened = new ArrayList<>();
    private @Nullable RelayListener atRelay; // null where others can connect, or nobody relays

    /** Begins to meet: from now on the start timeout runs. */
    StoreMeeting(
            Membership membership,
            Configuration configuration,
            StorePeers peers,
            Group group,
            NetworkView network) {
        this.network = network;
        this.group = group;
        this.listenerNumber = RANDOM.nextLong();
        this.membership = membership;
        this.configuration = configuration;
        this.peers = peers;
        this.self = membership.topology();
        this.neighbourhood =
                new Neighbourhood(self, membership.address(), group, network, addresses);
        this.attendance =
                new Attendance(
                        membership.store(),
                        self,
                        group,
                        membership.generation(),
                        configuration.get(Settings.START_TIMEOUT));
        this.arrivals = new Arrivals(membership.generation(), listenerNumber);
    }

    /** Opens the door for the other ranks. */
    Listener listen() throws IOException {
        return Listener.open(
                new InetSocketAddress(membership.address(), 0),
                secret(),
                handshakeTimeout(),
                arrivals());
    }

    /** Tells the other ranks where the door is, or waits at the relay for those who cannot come. */
    void publishAddress(Listener listener) {
        InetSocketAddress socket = new InetSocketAddress(membership.address(), listener.port());
        PublishedAddress own =
                new PublishedAddress(socket, network.access(), listenerNumber, self.host());
        publish(ADDRESS, own.encode());
        if (own.access() != Access.OPEN && network.relay().isPresent()) {
            atRelay =
                    RelayListener.open(
                            network.relay().get(),
                            secret(),
                            generation(),
                            self.rank(),
                            listenerNumber,
                            listener);
        }
    }

    /** Connects to every other rank; the channels are the caller's. */
    Map<Integer, Wire> connectControl() throws IOException {
        Map<Integer, Wire> control = new HashMap<>();
        for (int rank = 0; rank < self.rank(); rank++) {
            control.put(rank, connectTo(rank, Purpose.CONTROL).release());
        }
        for (int rank = self.rank() + 1; rank < self.size(); rank++) {
            control.put(rank, connectFrom(rank, Purpose.CONTROL).release());
        }
        return control;
    }

    /** Each rank's host name, once all are connected. */
    List<String> hosts() {
        List<String> hosts = new ArrayList<>();
        for (int rank = 0; rank < self.size(); rank++) {
            hosts.add(hostOf(rank));
        }
        return hosts;
    }

    /**
     * Which two ranks a library that connects them by itself cannot connect, in words that are the
     * same on all ranks; to be called once all are connected. Blocks until all have told, if one of
     * them cannot be connected to by all others.
     *
     * @return empty if it can connect all
     */
    Optional<String> obstacle() {
        if (neighbourhood.areAllOpen()) {
            return Optional.empty(); // which all know
        }
        String own = neighbourhood.obstacle();
        publish(OBSTACLE, own);
        for (int rank = 0; rank < self.size(); rank++) {
            String told = rank == self.rank() ? own : awaitPublished(rank, OBSTACLE);
            if (!told.isEmpty()) {
                return Optional.of(told);
            }
        }
        return Optional.empty();
    }

    /** The ranks whose connections to this one may go through the relay. */
    Set<Integer> perhapsRelayed() {
        return neighbourhood.perhapsRelayed();
    }

    private String hostOf(int rank) {
        PublishedAddress peer = addresses.get(rank);
        return peer == null ? self.host() : peer.host();
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
        if (atRelay != null) {
            close(atRelay);
        }
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
        return arrivals;
    }

    @Override
    public TimedChannel connectTo(int rank, Purpose purpose) throws IOException {
        PublishedAddress there = addressOf(rank);
        return switch (neighbourhood.to(there)) {
            case USUAL -> dial(rank, there.socket(), identity(purpose, there, false));
            case REVERSED ->
                    await(rank, new Identity(purpose, generation(), rank, listenerNumber, true));
            case NEAR_OR_RELAYED -> dialNear(rank, there, identity(purpose, there, false));
            case RELAYED -> dialThrough(rank, identity(purpose, there, false));
        };
    }

    @Override
    public TimedChannel connectFrom(int rank, Purpose purpose) throws IOException {
        PublishedAddress there = addressOf(rank);
        return neighbourhood.from(there) == Dialling.REVERSED
                ? dial(rank, there.socket(), identity(purpose, there, true))
                : awaitArrival(rank, purpose);
    }

    /** This rank, as one who connects. */
    private Identity identity(Purpose purpose, PublishedAddress there, boolean isReversed) {
        return new Identity(purpose, generation(), self.rank(), there.listener(), isReversed);
    }

    @Override
    public TimedChannel dial(int rank, SocketAddress address, Purpose purpose) throws IOException {
        return dial(rank, address, identity(purpose, addressOf(rank), false));
    }

    private TimedChannel dial(int rank, SocketAddress address, Identity identity)
            throws IOException {
        return dial(
                rank, () -> Connections.open(address, secret(), identity, attendance.deadline()));
    }

    /** By its own address, which may lead nowhere, or to another host of that address. */
    private TimedChannel dialNear(int rank, PublishedAddress there, Identity identity)
            throws IOException {
        if (!network.distant().contains(group.inJob(rank))) {
            try {
                return kept(
                        Connections.open(
                                there.socket(),
                                secret(),
                                identity,
                                Deadline.after(TRIAL),
                                handshakeTimeout(),
                                attendance.deadline()));
            } catch (IOException e) {
                logger.info(
                        "{} cannot reach rank {} at {} ({}), nor can that reach it: what they send"
                                + " goes through the host of the rendezvous",
                        self.describe(),
                        rank,
                        there.socket(),
                        e.getMessage());
                network.distant().add(group.inJob(rank));
            }
        }
        return dialThrough(rank, identity);
    }

    private TimedChannel dialThrough(int rank, Identity identity) throws IOException {
        InetSocketAddress relay = network.relay().orElseThrow(() -> new IOException(noRelay(rank)));
        return dial(
                rank,
                () ->
                        Connections.openThrough(
                                relay,
                                secret(),
                                identity,
                                Deadline.after(RELAY_ATTEMPT),
                                attendance.deadline()));
    }

    private String noRelay(int rank) {
        return "neither it nor rank %d on %s can be connected to, and the program's own store does not relay; let one of them accept connections (JHOROVOD_DIAL_OUT=false, and a way through NAT), or meet at a store of JHorovod (StoreServer, TcpStore)"
                .formatted(rank, hostOf(rank));
    }

    /** One try to connect. */
    private interface Attempt {
        TimedChannel open() throws IOException;
    }

    private TimedChannel dial(int rank, Attempt attempt) throws IOException {
        int refusals = 0;
        while (true) {
            try {
                return kept(attempt.open());
            } catch (HandshakeException e) {
                // A rank that dies in the middle of it looks the same, until word of that comes.
                refusals++;
                if (refusals == MOST_REFUSALS) {
                    throw new IOException("rank %d: %s".formatted(rank, e.getMessage()), e);
                }
            } catch (IOException e) {
                // Its listener may be busy with strangers, or it has died or stopped.
                logger.debug("Rank {} cannot be reached yet", rank, e);
            }
            attendance.failIfOver(rank);
            LockSupport.parkNanos(RETRY_PAUSE.toNanos());
        }
    }

    private TimedChannel kept(TimedChannel channel) {
        opened.add(channel);
        return channel;
    }

    @Override
    public TimedChannel awaitArrival(int rank, Purpose purpose) {
        return await(rank, new Identity(purpose, generation(), rank, listenerNumber, false));
    }

    private TimedChannel await(int rank, Identity identity) {
        return kept(
                attendance.await(rank, slice -> arrivals.await(identity, Deadline.after(slice))));
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
