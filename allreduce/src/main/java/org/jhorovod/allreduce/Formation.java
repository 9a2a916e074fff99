package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jhorovod.allreduce.backend.host.AloneBackend;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.engine.Backends;
import org.jhorovod.allreduce.engine.EngineCommunicator;
import org.jhorovod.allreduce.rendezvous.Connections;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.allreduce.rendezvous.HandshakeException;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Identity.Purpose;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.Listener;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.jhorovod.allreduce.rendezvous.MemoryStore;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreException;
import org.jhorovod.allreduce.rendezvous.TimedChannel;
import org.jhorovod.allreduce.spi.Meeting;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * How a job forms, on each rank:
 *   listen -> publish "address port host" in the store -> one control connection a peer (the higher
 *   rank dials) -> the transport's own connections -> engine.
 * Every wait looks at the store now and then for ranks that are gone already.
 */
/** Brings one rank together with the others, once. */
final class Formation implements Meeting {
    private static final Logger logger = LoggerFactory.getLogger(Formation.class);
    private static final Duration SLICE = Duration.ofMillis(200);
    private static final Duration LAST_QUESTION = Duration.ofSeconds(5);
    private static final Duration RETRY_PAUSE = Duration.ofMillis(20);
    private static final int MOST_REFUSALS = 50;
    private static final Duration REPORT_TIMEOUT = Duration.ofSeconds(2);

    private final Membership membership;
    private final Configuration configuration;
    private final StorePeers peers;
    private final Topology self;
    private final Deadline deadline;
    private final Arrivals arrivals;
    private final Map<Integer, PublishedAddress> addresses = new HashMap<>();
    private final Map<Integer, SocketChannel> control = new HashMap<>();
    private final List<TimedChannel> opened = new ArrayList<>();

    /**
     * Prepares to meet.
     *
     * @param round how often this process has joined this generation before
     */
    Formation(Membership membership, Configuration configuration, int round) {
        this.membership = membership;
        this.configuration = configuration;
        this.self = membership.topology();
        this.deadline = Deadline.after(configuration.get(Settings.START_TIMEOUT));
        this.peers = new StorePeers(membership, configuration, round);
        this.arrivals = new Arrivals(membership.generation());
    }

    /** A world of one rank, which meets nobody. */
    static EngineCommunicator alone(Topology self, Configuration configuration) {
        Membership membership =
                new Membership(
                        self,
                        0,
                        new MemoryStore(),
                        Secret.random(),
                        InetAddress.getLoopbackAddress());
        StorePeers peers = new StorePeers(membership, configuration, 0);
        Backends backends =
                new BackendSelection(configuration).withDevice(new AloneBackend(), peers);
        try {
            ControlPlane plane =
                    new ControlPlane(
                            self,
                            0,
                            configuration.get(Settings.LIVENESS_TIMEOUT),
                            Map.of(),
                            List.of(self.host()));
            EngineCommunicator communicator =
                    new EngineCommunicator(
                            self,
                            0,
                            backends,
                            plane,
                            configuration.get(Settings.OPERATION_TIMEOUT),
                            lost -> {});
            peers.failuresGoTo(communicator::fail);
            communicator.startAlone();
            return communicator;
        } catch (IOException e) {
            throw new StartException("No selector could be opened: " + e.getMessage());
        }
    }

    /** Meets the other ranks; throws {@link StartException} or {@link PeerLostException}. */
    EngineCommunicator form(BackendSelection selection) {
        try {
            selection.tellDevice(peers);
        } catch (StoreException e) {
            throw couldNotJoin(e);
        }
        return form(meeting -> selection.withDevice(selection.openHost(meeting), peers));
    }

    /** Opens the backends once the ranks can reach each other. */
    interface Opening {
        Backends open(Meeting meeting) throws IOException;
    }

    /** Meets the other ranks; throws {@link StartException} or {@link PeerLostException}. */
    EngineCommunicator form(Opening opening) {
        try (Listener listener =
                Listener.open(
                        new InetSocketAddress(membership.address(), 0),
                        secret(),
                        handshakeTimeout(),
                        arrivals())) {
            InetSocketAddress socket = new InetSocketAddress(membership.address(), listener.port());
            publish("address", new PublishedAddress(socket, self.host()).encode());
            connectControl();
            EngineCommunicator communicator = start(opening.open(this));
            opened.clear(); // the communicator's now
            return communicator;
        } catch (PeerLostException e) {
            report(new LostReport(e.lostRank(), String.valueOf(e.getMessage())));
            throw e;
        } catch (IOException | StoreException e) {
            throw couldNotJoin(e);
        } finally {
            closeUnused();
        }
    }

    private StartException couldNotJoin(Exception e) {
        return new StartException(
                "%s could not join the job: %s".formatted(self.describe(), e.getMessage()));
    }

    private EngineCommunicator start(Backends backends) throws IOException {
        List<String> hosts = new ArrayList<>();
        for (int rank = 0; rank < self.size(); rank++) {
            PublishedAddress peer = addresses.get(rank);
            hosts.add(peer == null ? self.host() : peer.host());
        }
        ControlPlane plane =
                new ControlPlane(
                        self,
                        membership.generation(),
                        configuration.get(Settings.LIVENESS_TIMEOUT),
                        control,
                        hosts);
        EngineCommunicator communicator =
                new EngineCommunicator(
                        self,
                        membership.generation(),
                        backends,
                        plane,
                        configuration.get(Settings.OPERATION_TIMEOUT),
                        this::report);
        peers.failuresGoTo(communicator::fail);
        communicator.start();
        if (self.rank() == 0) {
            logger.info(
                    "{} ranks have met, transport {}. A silent peer is lost after {} s; a"
                            + " collective fails when a peer stays away for {} s.",
                    self.size(),
                    communicator.transportName(),
                    configuration.get(Settings.LIVENESS_TIMEOUT).toSeconds(),
                    configuration.get(Settings.OPERATION_TIMEOUT).toSeconds());
        }
        return communicator;
    }

    private void connectControl() throws IOException {
        for (int rank = 0; rank < self.rank(); rank++) {
            control.put(rank, dial(rank, Purpose.CONTROL).release());
        }
        for (int rank = self.rank() + 1; rank < self.size(); rank++) {
            control.put(rank, awaitArrival(rank, Purpose.CONTROL).release());
            addressOf(rank);
        }
    }

    private PublishedAddress addressOf(int rank) throws IOException {
        PublishedAddress known = addresses.get(rank);
        if (known == null) {
            String published = awaitPublished(rank, "address");
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

    private void report(LostReport lost) {
        String key = Keys.lost(membership.generation(), self.rank());
        try {
            membership.store().set(key, lost.encode(), REPORT_TIMEOUT);
        } catch (StoreException e) {
            logger.debug("Could not report a lost rank", e);
        }
    }

    private void closeUnused() {
        try {
            arrivals.close();
            for (TimedChannel channel : opened) {
                channel.close();
            }
        } catch (IOException e) {
            logger.debug("Could not close an unused connection", e);
        }
    }

    // --- Meeting --------------------------------------------------------------------------------

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
                TimedChannel channel = Connections.open(address, secret(), identity, deadline);
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
            failIfGone(rank);
            if (deadline.isOver()) {
                throw missing(rank);
            }
            LockSupport.parkNanos(RETRY_PAUSE.toNanos());
        }
    }

    @Override
    public TimedChannel awaitArrival(int rank, Purpose purpose) {
        Identity identity = new Identity(purpose, generation(), rank);
        TimedChannel channel =
                awaitFrom(rank, slice -> arrivals.await(identity, Deadline.after(slice)));
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
        byte[] value = awaitFrom(rank, slice -> publishedWithin(rank, name, slice));
        return new String(value, StandardCharsets.UTF_8);
    }

    private byte @Nullable [] publishedWithin(int rank, String name, Duration slice) {
        String key = peers.key(rank, name);
        try {
            return membership.store().await(key, slice);
        } catch (StoreException e) {
            // Not yet, most likely; if the store itself is gone, this says so.
            return membership.store().get(key, remaining()).orElse(null);
        }
    }

    private Duration remaining() {
        // A question that is asked at the last moment still gets its answer.
        return Duration.ofMillis(Math.max(LAST_QUESTION.toMillis(), deadline.remainingMillis()));
    }

    private <T> T awaitFrom(int rank, Function<Duration, @Nullable T> attempt) {
        while (true) {
            T value = attempt.apply(SLICE);
            if (value != null) {
                return value;
            }
            failIfGone(rank);
            if (deadline.isOver() || Thread.currentThread().isInterrupted()) {
                throw missing(rank);
            }
        }
    }

    private void failIfGone(int rank) {
        Optional<byte[]> how =
                membership.store().get(Keys.gone(membership.generation(), rank), remaining());
        if (how.isPresent()) {
            throw new PeerLostException(
                    rank,
                    "Rank %d is lost: %s, while %s waited for it to join the job. Look at the lost rank's output."
                            .formatted(
                                    rank,
                                    new String(how.get(), StandardCharsets.UTF_8),
                                    self.describe()));
        }
    }

    private StartException missing(int rank) {
        String text =
                "Rank %d on %s waited %d s for rank %d to join the job of %d ranks. Check that this rank was started, that its program calls JHorovod.init() (or DistributedTrainer.create), and that the hosts reach each other; raise JHOROVOD_START_TIMEOUT_SECONDS (jhorovodrun --start-timeout) if starting takes longer."
                        .formatted(
                                self.rank(),
                                self.host(),
                                configuration.get(Settings.START_TIMEOUT).toSeconds(),
                                rank,
                                self.size());
        report(new LostReport(rank, text));
        return new StartException(text);
    }
}
