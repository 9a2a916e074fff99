package org.jhorovod.allreduce.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.ControlTraffic;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.PeerStatus.Presence;
import org.jhorovod.allreduce.rendezvous.Wire;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [Why there is a control plane]
 * A data link shows a dead peer only to its two neighbours, and a stopped one to nobody. So every
 * rank keeps one small connection to every other, over which each says that it lives, what it
 * submitted last, that it leaves, or why it gave up. The first failure that a rank learns of, by
 * its own eyes or from a peer, is the failure of its communicator.
 *
 *   connection ends without a goodbye   the process is dead           at once
 *   no heartbeat                        stopped, or host unreachable  liveness timeout
 *   goodbye                             left in good order            when an operation needs it
 *   abort                               gave up, and says why         at once
 *
 * Note [Whose end a relayed connection's end is]
 * Where a connection goes through a relay, its end may be the relay's, whose own connection ends at
 * the same time if it is a rank. So such an end is taken for the peer's only when no other cause has
 * shown a moment later. After a peer's goodbye it may be that the relay left with it: nothing is
 * lost until an operation needs a peer, and that finds who has left. An operation that still does not
 * complete, although all who left had taken part in it, needs the peer whose connection has ended.
 */
/**
 * Watches the peers, on a thread of its own.
 *
 * <p>Safe for use by several threads. {@link #close} says goodbye.
 */
public final class ControlPlane implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(ControlPlane.class);

    /** The most bytes of a letter. */
    public static final int MAX_LETTER_BYTES = ControlMessage.MAX_LETTER_BYTES;

    private static final long GOODBYE_WAIT_MILLIS = 500;
    private static final long MAX_HEARTBEAT_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int MISSED_HEARTBEATS = 3;

    private final Topology self;
    private final Duration livenessTimeout;
    private final long heartbeatNanos;
    private final ControlConnections connections;
    private final Set<Integer> relayed;
    private final Thread thread;
    private final Queue<ControlMessage> toAll = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable CollectiveException> failure = new AtomicReference<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Runnable onChange = () -> {};
    private volatile Runnable onHeartbeat = () -> {};
    private final Correspondents correspondents = new Correspondents();
    private volatile boolean closing;
    private volatile long completedSequence;
    private final OwnCalls calls;
    private final Whereabouts whereabouts;
    private volatile PeerTable peers; // written by the control thread
    private final Doubt doubt = new Doubt();

    /**
     * Takes over the connections; {@link #start} begins to watch.
     *
     * @param wires one connection for each other rank, by rank
     * @param relayed the ranks whose connections go through a relay
     * @param hosts each rank's host name, for messages
     * @param calls where this rank's calls are noted
     */
    public ControlPlane(
            Topology self,
            int generation,
            Duration livenessTimeout,
            Map<Integer, Wire> wires,
            Set<Integer> relayed,
            List<String> hosts,
            OwnCalls calls)
            throws IOException {
        this.calls = calls;
        this.whereabouts =
                new Whereabouts(
                        self.rank(), calls, (rank, text) -> send(Channel.WHEREABOUTS, rank, text));
        correspondents.open(Channel.WHEREABOUTS, whereabouts);
        this.relayed = Set.copyOf(relayed);
        this.self = self;
        this.livenessTimeout = livenessTimeout;
        this.heartbeatNanos = Math.min(MAX_HEARTBEAT_NANOS, livenessTimeout.toNanos() / 5);
        this.connections = new ControlConnections(generation, wires);
        long now = System.nanoTime();
        List<PeerStatus> met = new ArrayList<>();
        for (int rank = 0; rank < hosts.size(); rank++) {
            if (wires.containsKey(rank)) {
                met.add(PeerStatus.met(rank, hosts.get(rank), now));
            }
        }
        this.peers = new PeerTable(met);
        this.thread = new Thread(this::run, "jhorovod-control");
        this.thread.setDaemon(true);
    }

    /**
     * Begins to send and expect heartbeats.
     *
     * @param onChange called on the control thread when {@link #check} may answer otherwise than
     *     before: the communicator has failed, or a peer left
     * @param onHeartbeat called on the control thread at least once a second
     */
    public void start(Runnable onChange, Runnable onHeartbeat) {
        this.onChange = onChange;
        this.onHeartbeat = onHeartbeat;
        thread.start();
    }

    /** Has somebody write letters over the connections; to be called before the start. */
    public void open(Channel channel, Correspondent letters) {
        correspondents.open(channel, letters);
    }

    /** Has the correspondents {@link Correspondent#work} soon; any thread. */
    public void wakeup() {
        connections.wakeup();
    }

    /**
     * Sends a letter; by the channel's correspondent alone, on the control thread.
     *
     * @param letter at most {@link #MAX_LETTER_BYTES}
     */
    public void send(Channel channel, int rank, byte[] letter) {
        connections.sendTo(rank, new ControlMessage.Letter(channel, ByteBuffer.wrap(letter)));
    }

    /** What this rank has sent so far. */
    public ControlTraffic traffic() {
        return connections.traffic();
    }

    /** What this rank has called last, to be told with the next heartbeat. */
    public OwnCalls calls() {
        return calls;
    }

    /** Asks ranks what they do. */
    public Whereabouts whereabouts() {
        return whereabouts;
    }

    /** A rank's host, for messages. */
    public String host(int rank) {
        return rank == self.rank() ? self.host() : peers.of(rank).host();
    }

    /** Why the communicator has failed; empty if it has not. */
    public Optional<CollectiveException> failure() {
        return Optional.ofNullable(failure.get());
    }

    /** Notes that this rank has done its part of an operation, which a goodbye will tell. */
    public void completed(long sequence) {
        completedSequence = sequence;
    }

    /**
     * Throws if the given operation cannot complete: the communicator has failed, or a peer left
     * before it.
     */
    public void check(long sequence) {
        CollectiveException known = failure.get();
        if (known != null) {
            throw known.again();
        }
        Optional<PeerStatus> left = peers.leftBefore(sequence);
        if (left.isPresent()) {
            throw PeerLoss.left(left.get(), self, calls.last().describeOperation());
        }
    }

    /**
     * Fails the communicator with the given cause, unless it has failed already, and tells all.
     *
     * @return whether it had not failed before
     */
    public boolean abort(CollectiveException cause) {
        if (!failure.compareAndSet(null, cause)) {
            return false;
        }
        toAll.add(ControlMessage.Abort.of(cause, self.rank()));
        connections.wakeup();
        return true;
    }

    /** The ranks that have not submitted the given operation, as far as known. */
    public List<Integer> behind(long sequence) {
        return peers.behind(sequence).stream().map(PeerStatus::rank).toList();
    }

    /** What a peer has submitted last, as far as known, in words. */
    public String lastOperation(int rank) {
        return peers.of(rank).describeOperation();
    }

    /** The ranks from which some heartbeats are missing, in words. */
    public Map<Integer, String> silent() {
        return peers.describeSilent(System.nanoTime(), MISSED_HEARTBEATS * heartbeatNanos);
    }

    /** The first rank that has not submitted what this rank has, as far as known, or -1. */
    public int firstBehind() {
        return behind(completedSequence + 1).stream().findFirst().orElse(-1);
    }

    private void run() {
        try {
            long nextHeartbeat = System.nanoTime();
            while (!closing) {
                long wait = Math.min(doubt.waitNanos(), correspondents.waitNanos());
                wait = Math.min(wait, nextHeartbeat - System.nanoTime());
                takeAll(connections.receive(wait / 1_000_000));
                resolveDoubt();
                correspondents.work();
                sendWaiting();
                if (System.nanoTime() - nextHeartbeat >= 0) {
                    nextHeartbeat = System.nanoTime() + heartbeatNanos;
                    // A peer that does not read gets no second heartbeat to pile up.
                    connections.sendToReaders(heartbeat());
                    findSilent();
                    onHeartbeat.run();
                    connections.flush();
                }
            }
            correspondents.work(); // what they wrote last
            sayGoodbye();
        } catch (IOException | RuntimeException e) {
            logger.error("The control thread of {} ended", self.describe(), e);
            fail(new PeerLostException(self.rank(), "bug: the control thread ended: " + e));
            failure().ifPresent(correspondents::failed);
        } finally {
            connections.close();
            ended.countDown();
        }
    }

    private void takeAll(List<ControlConnections.Arrival> arrivals) {
        for (ControlConnections.Arrival arrival : arrivals) {
            take(arrival);
        }
    }

    private void take(ControlConnections.Arrival arrival) {
        int rank = arrival.rank();
        if (arrival instanceof ControlConnections.Said said) {
            peers = peers.after(rank, said.message(), System.nanoTime());
            if (said.message() instanceof ControlMessage.Letter letter) {
                deliver(rank, letter);
            } else if (said.message() instanceof ControlMessage.Goodbye) {
                onChange.run();
                correspondents.left(rank);
            } else if (said.message() instanceof ControlMessage.Abort abort) {
                fail(abort.cause());
            }
        } else if (arrival instanceof ControlConnections.Ended end) {
            peers = peers.afterEnd(rank);
            PeerStatus peer = peers.of(rank);
            if (peer.presence() == Presence.GONE && relayed.contains(rank)) {
                doubt.take(end);
            } else if (peer.presence() == Presence.GONE && !closing) {
                // The others may not see it: a connection can end between two that live.
                giveUp(PeerLoss.lost(peer, end.how(), self, calls.last(), System.nanoTime()));
            }
        }
    }

    private void deliver(int rank, ControlMessage.Letter letter) {
        try {
            correspondents.received(rank, letter);
        } catch (IOException e) {
            String how = "%s over its control connection".formatted(e.getMessage());
            giveUp(PeerLoss.lost(peers.of(rank), how, self, calls.last(), System.nanoTime()));
        }
    }

    /**
     * The failure of what needs a peer that has left in good order.
     *
     * @param what this rank needs it for, as the end of a sentence
     */
    public CollectiveException leftBehind(int rank, String what) {
        return PeerLoss.left(peers.of(rank), self, what);
    }

    /** See Note [Whose end a relayed connection's end is]. */
    private void resolveDoubt() {
        if (!closing) {
            doubt.resolved(
                            age ->
                                    hasNobodyLeft()
                                            || (age >= livenessTimeout.toNanos()
                                                    && isStillNeeded()))
                    .ifPresent(this::giveUpRelayed);
        }
    }

    private void giveUpRelayed(ControlConnections.Ended end) {
        String how = end.how() + ", or the relay between them (the host of the rendezvous) has";
        giveUp(PeerLoss.lost(peers.of(end.rank()), how, self, calls.last(), System.nanoTime()));
    }

    private boolean hasNobodyLeft() {
        return peers.leftBefore(Long.MAX_VALUE).isEmpty();
    }

    /** Whether an operation is under way that no peer's leaving keeps from its end. */
    private boolean isStillNeeded() {
        long sequence = calls.sequence();
        return sequence > completedSequence && peers.leftBefore(sequence).isEmpty();
    }

    private void fail(CollectiveException cause) {
        if (failure.compareAndSet(null, cause)) {
            onChange.run();
        }
    }

    private void giveUp(CollectiveException cause) {
        if (abort(cause)) {
            onChange.run();
        }
    }

    private ControlMessage heartbeat() {
        Submitted own = calls.last();
        return new ControlMessage.Heartbeat(own.sequence(), own.describe());
    }

    private void sendWaiting() {
        for (ControlMessage m = toAll.poll(); m != null; m = toAll.poll()) {
            connections.sendToAll(m);
        }
        connections.flush();
    }

    private void findSilent() {
        long now = System.nanoTime();
        for (PeerStatus peer : peers.silent(now, livenessTimeout.toNanos())) {
            giveUp(PeerLoss.silent(peer, livenessTimeout, self, calls.last(), now));
        }
    }

    private void sayGoodbye() throws IOException {
        CollectiveException known = failure.get();
        toAll.add(
                known == null
                        ? new ControlMessage.Goodbye(completedSequence)
                        : ControlMessage.Abort.of(known, self.rank()));
        sendWaiting();
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(GOODBYE_WAIT_MILLIS);
        while (connections.hasOutgoing() && end - System.nanoTime() > 0) {
            takeAll(connections.receive(10));
            connections.flush();
        }
        connections.shutdownOutput();
    }

    /** Says goodbye to every peer and ends the thread; returns within four seconds. */
    @Override
    public void close() {
        correspondents.closing();
        closing = true;
        if (!thread.isAlive()) {
            connections.close();
            return;
        }
        connections.wakeup();
        try {
            if (!ended.await(2 * GOODBYE_WAIT_MILLIS, TimeUnit.MILLISECONDS)) {
                logger.warn("The control thread of {} did not end in time", self.describe());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
