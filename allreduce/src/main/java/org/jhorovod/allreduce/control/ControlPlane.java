package org.jhorovod.allreduce.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.Topology;
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
 */
/**
 * Watches the peers, on a thread of its own.
 *
 * <p>Safe for use by several threads. {@link #close} says goodbye.
 */
public final class ControlPlane implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(ControlPlane.class);
    private static final long GOODBYE_WAIT_MILLIS = 500;
    private static final long MAX_HEARTBEAT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Topology self;
    private final int generation;
    private final Duration livenessTimeout;
    private final long heartbeatNanos;
    private final List<PeerConnection> peers = new ArrayList<>();
    private final Selector selector;
    private final Thread thread;
    private final Queue<ControlMessage> toAll = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable CollectiveException> failure = new AtomicReference<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Runnable onChange = () -> {};
    private volatile Runnable onHeartbeat = () -> {};
    private volatile boolean closing;
    private volatile long submittedSequence;
    private volatile long completedSequence;
    private volatile @Nullable CollectiveCall submitted; // null before the first

    /**
     * Takes over the connected channels; {@link #start} begins to watch.
     *
     * @param connections one connection for each other rank, by rank
     * @param hosts each rank's host name, for messages
     */
    public ControlPlane(
            Topology self,
            int generation,
            Duration livenessTimeout,
            Map<Integer, SocketChannel> connections,
            List<String> hosts)
            throws IOException {
        this.self = self;
        this.generation = generation;
        this.livenessTimeout = livenessTimeout;
        this.heartbeatNanos = Math.min(MAX_HEARTBEAT_NANOS, livenessTimeout.toNanos() / 5);
        this.selector = Selector.open();
        long now = System.nanoTime();
        for (Map.Entry<Integer, SocketChannel> entry : connections.entrySet()) {
            int rank = entry.getKey();
            PeerConnection peer = new PeerConnection(rank, hosts.get(rank), entry.getValue(), now);
            peer.register(selector);
            peers.add(peer);
        }
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

    /** Notes what this rank has submitted last, to be told with the next heartbeat. */
    public void submitted(long sequence, CollectiveCall call) {
        submitted = call;
        submittedSequence = sequence;
    }

    /** Why the communicator has failed; empty if it has not. */
    public Optional<CollectiveException> failure() {
        return Optional.ofNullable(failure.get());
    }

    private String lastSubmitted() {
        CollectiveCall call = submitted;
        return call == null ? PeerConnection.NOTHING : call.describe();
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
        for (PeerConnection peer : peers) {
            if (peer.hasLeft && peer.lastSequence < sequence) {
                throw left(peer);
            }
        }
    }

    private PeerLostException left(PeerConnection peer) {
        return new PeerLostException(
                peer.rank,
                "%s has left the job after operation %d: its program has ended, or shut JHorovod down. But %s needs it for operation %d, %s. If it failed, its output says why; if not, look for a rank-dependent end of the program or of its data."
                        .formatted(
                                peer.name(),
                                peer.lastSequence,
                                self.describe(),
                                submittedSequence,
                                lastSubmitted()));
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
        toAll.add(abortMessage(cause));
        selector.wakeup();
        return true;
    }

    private ControlMessage abortMessage(CollectiveException cause) {
        String text = String.valueOf(cause.getMessage());
        if (cause instanceof MismatchException) {
            return new ControlMessage.Abort(ControlMessage.Reason.MISMATCH, self.rank(), text);
        }
        if (cause instanceof OperationTimeoutException) {
            return new ControlMessage.Abort(ControlMessage.Reason.TIMEOUT, self.rank(), text);
        }
        // Whatever else made this rank give up, the peers go without it from now on.
        int lostRank = cause instanceof PeerLostException lost ? lost.lostRank() : self.rank();
        return new ControlMessage.Abort(ControlMessage.Reason.PEER_LOST, lostRank, text);
    }

    /** The ranks that have not submitted the given operation, as far as known, in words. */
    public List<String> behind(long sequence) {
        return peers.stream()
                .filter(peer -> peer.lastSequence < sequence)
                .map(
                        peer ->
                                "%s, last seen at operation %d, %s"
                                        .formatted(
                                                peer.name(), peer.lastSequence, peer.lastSubmitted))
                .toList();
    }

    /** The first rank that has not submitted what this rank has, as far as known, or -1. */
    public int firstBehind() {
        return peers.stream()
                .filter(peer -> peer.lastSequence <= completedSequence)
                .mapToInt(peer -> peer.rank)
                .min()
                .orElse(-1);
    }

    private void run() {
        try {
            long nextHeartbeat = System.nanoTime();
            while (!closing) {
                long wait = Math.max(0, nextHeartbeat - System.nanoTime());
                selector.select(this::handle, Math.max(1, wait / 1_000_000));
                sendWaiting();
                if (System.nanoTime() - nextHeartbeat >= 0) {
                    nextHeartbeat = System.nanoTime() + heartbeatNanos;
                    sendHeartbeats();
                    findSilent();
                    onHeartbeat.run();
                }
            }
            sayGoodbye();
        } catch (IOException | RuntimeException e) {
            logger.error("The control thread of {} ended", self.describe(), e);
            fail(new PeerLostException(self.rank(), "bug: the control thread ended: " + e));
        } finally {
            closeSelector();
            peers.forEach(PeerConnection::close);
            ended.countDown();
        }
    }

    private void handle(SelectionKey key) {
        PeerConnection peer = (PeerConnection) key.attachment();
        try {
            if (key.isReadable()) {
                for (ByteBuffer body = peer.receive(); body != null; body = peer.receive()) {
                    peer.lastHeardNanos = System.nanoTime();
                    take(peer, ControlMessage.decode(body, generation));
                }
            }
            if (key.isValid() && key.isWritable()) {
                peer.flush(selector);
            }
        } catch (IOException e) {
            connectionEnded(peer, String.valueOf(e.getMessage()));
        }
    }

    private void take(PeerConnection peer, ControlMessage message) {
        if (message instanceof ControlMessage.Heartbeat m) {
            peer.lastSubmitted = m.lastSubmitted();
            peer.lastSequence = m.sequence();
        } else if (message instanceof ControlMessage.Goodbye m) {
            peer.lastSequence = m.sequence();
            peer.hasLeft = true;
            onChange.run();
        } else if (message instanceof ControlMessage.Abort m) {
            fail(rebuild(m));
        }
    }

    private static CollectiveException rebuild(ControlMessage.Abort abort) {
        return switch (abort.reason()) {
            case MISMATCH -> new MismatchException(abort.text());
            case PEER_LOST -> new PeerLostException(abort.lostRank(), abort.text());
            case TIMEOUT -> new OperationTimeoutException(abort.text());
        };
    }

    private void connectionEnded(PeerConnection peer, String how) {
        peer.close();
        if (!peer.hasLeft && !closing) {
            fail(lost(peer, how));
        }
    }

    private void fail(CollectiveException cause) {
        if (failure.compareAndSet(null, cause)) {
            onChange.run();
        }
    }

    private PeerLostException lost(PeerConnection peer, String how) {
        long silentMillis = (System.nanoTime() - peer.lastHeardNanos) / 1_000_000;
        return new PeerLostException(
                peer.rank,
                "%s is lost: %s. Its last heartbeat, %d ms ago, told of operation %d, %s; the last of %s is operation %d, %s. Look at the lost rank's output and at its host (out of memory, killed, stopped, unreachable), then start the job again from its last checkpoint."
                        .formatted(
                                peer.name(),
                                how,
                                silentMillis,
                                peer.lastSequence,
                                peer.lastSubmitted,
                                self.describe(),
                                submittedSequence,
                                lastSubmitted()));
    }

    private void sendWaiting() throws IOException {
        for (ControlMessage m = toAll.poll(); m != null; m = toAll.poll()) {
            for (PeerConnection peer : peers) {
                peer.send(m.encode(generation));
            }
        }
        flushAll();
    }

    private void sendHeartbeats() throws IOException {
        ControlMessage heartbeat = new ControlMessage.Heartbeat(submittedSequence, lastSubmitted());
        for (PeerConnection peer : peers) {
            // A peer that does not read gets no second heartbeat to pile up.
            if (peer.isOpen && !peer.hasOutgoing()) {
                peer.send(heartbeat.encode(generation));
            }
        }
        flushAll();
    }

    private void flushAll() {
        for (PeerConnection peer : peers) {
            if (peer.hasOutgoing()) {
                try {
                    peer.flush(selector);
                } catch (IOException e) {
                    // Whatever the peer said last, an abort perhaps, is still to be read; reading
                    // finds the end of the connection too.
                    logger.debug("Could not write to rank {}", peer.rank, e);
                    peer.dropOutgoing();
                }
            }
        }
    }

    private void findSilent() {
        long now = System.nanoTime();
        for (PeerConnection peer : peers) {
            if (peer.isOpen
                    && !peer.hasLeft
                    && now - peer.lastHeardNanos > livenessTimeout.toNanos()) {
                CollectiveException lost =
                        lost(
                                peer,
                                "it has sent no heartbeat for %.1f s (JHOROVOD_LIVENESS_TIMEOUT_SECONDS), so it is stopped, or its host is unreachable"
                                        .formatted(livenessTimeout.toMillis() / 1000.0));
                if (abort(lost)) {
                    onChange.run();
                }
            }
        }
    }

    private void sayGoodbye() throws IOException {
        CollectiveException known = failure.get();
        toAll.add(
                known == null
                        ? new ControlMessage.Goodbye(completedSequence)
                        : abortMessage(known));
        sendWaiting();
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(GOODBYE_WAIT_MILLIS);
        while (peers.stream().anyMatch(PeerConnection::hasOutgoing)
                && end - System.nanoTime() > 0) {
            selector.select(this::handle, 10);
            flushAll();
        }
        for (PeerConnection peer : peers) {
            if (peer.isOpen) {
                try {
                    peer.shutdownOutput();
                } catch (IOException e) {
                    logger.debug("Rank {} is gone already", peer.rank, e);
                }
            }
        }
    }

    private void closeSelector() {
        try {
            selector.close();
        } catch (IOException e) {
            logger.debug("Could not close a selector", e);
        }
    }

    /** Says goodbye to every peer and ends the thread; returns within a second. */
    @Override
    public void close() {
        closing = true;
        if (!thread.isAlive()) {
            closeSelector();
            return;
        }
        selector.wakeup();
        try {
            if (!ended.await(2 * GOODBYE_WAIT_MILLIS, TimeUnit.MILLISECONDS)) {
                logger.warn("The control thread of {} did not end in time", self.describe());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
