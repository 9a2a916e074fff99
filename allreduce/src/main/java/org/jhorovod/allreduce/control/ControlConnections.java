package org.jhorovod.allreduce.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.collective.ControlTraffic;
import org.jhorovod.allreduce.rendezvous.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The control connections to all peers, on one selector.
 *
 * <p>Owned by the control thread; {@link #wakeup} and {@link #traffic} are for all. It closes them.
 */
final class ControlConnections implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(ControlConnections.class);

    private final int generation;
    private final Selector selector;
    private final List<PeerConnection> connections = new ArrayList<>();
    private volatile ControlTraffic traffic = ControlTraffic.NONE; // written by the control thread

    /** What came over a connection. */
    sealed interface Arrival {
        /** The peer at the other end. */
        int rank();
    }

    /** A peer has said something. */
    record Said(int rank, ControlMessage message) implements Arrival {}

    /**
     * A connection has ended, and is closed.
     *
     * @param how as a clause about the peer
     */
    record Ended(int rank, String how) implements Arrival {}

    /** Takes over the connections, by rank. */
    ControlConnections(int generation, Map<Integer, Wire> wires) throws IOException {
        this.generation = generation;
        this.selector = Selector.open();
        for (Map.Entry<Integer, Wire> entry : wires.entrySet()) {
            PeerConnection connection = new PeerConnection(entry.getKey(), entry.getValue());
            connection.register(selector);
            connections.add(connection);
        }
    }

    /** Waits until something comes, but no longer than the given time, or until {@link #wakeup}. */
    List<Arrival> receive(long waitMillis) throws IOException {
        List<Arrival> arrivals = new ArrayList<>();
        selector.select(Math.max(1, waitMillis));
        for (SelectionKey key : selector.selectedKeys()) {
            handle(key, arrivals);
        }
        selector.selectedKeys().clear();
        return arrivals;
    }

    private void handle(SelectionKey key, List<Arrival> arrivals) {
        PeerConnection peer = (PeerConnection) key.attachment();
        try {
            if (key.isReadable()) {
                for (ByteBuffer body = peer.receive(); body != null; body = peer.receive()) {
                    arrivals.add(new Said(peer.rank(), ControlMessage.decode(body, generation)));
                }
            }
            if (key.isValid() && key.isWritable()) {
                peer.flush(selector);
            }
        } catch (IOException e) {
            peer.close();
            arrivals.add(new Ended(peer.rank(), String.valueOf(e.getMessage())));
        }
    }

    /** Lets {@link #receive} return. */
    void wakeup() {
        selector.wakeup();
    }

    /** Sends to all peers; what their sockets do not take now goes out later. */
    void sendToAll(ControlMessage message) {
        connections.forEach(peer -> send(peer, message));
        flush();
    }

    /** Sends to one peer; what its socket does not take now goes out later. */
    void sendTo(int rank, ControlMessage message) {
        for (PeerConnection peer : connections) {
            if (peer.rank() == rank && peer.isOpen()) {
                send(peer, message);
            }
        }
    }

    private void send(PeerConnection peer, ControlMessage message) {
        ByteBuffer frame = message.encode(generation);
        traffic =
                message instanceof ControlMessage.Heartbeat
                        ? new ControlTraffic(
                                traffic.heartbeats() + 1, traffic.messages(), traffic.bytes())
                        : new ControlTraffic(
                                traffic.heartbeats(),
                                traffic.messages() + 1,
                                traffic.bytes() + frame.remaining());
        peer.send(frame);
    }

    /** What was sent so far. */
    ControlTraffic traffic() {
        return traffic;
    }

    /** Sends to the peers that have read what they were sent before. */
    void sendToReaders(ControlMessage message) {
        for (PeerConnection peer : connections) {
            if (peer.isOpen() && !peer.hasOutgoing()) {
                send(peer, message);
            }
        }
        flush();
    }

    /** Whether something waits to be sent. */
    boolean hasOutgoing() {
        return connections.stream().anyMatch(PeerConnection::hasOutgoing);
    }

    /** Sends what the sockets take now. */
    void flush() {
        for (PeerConnection peer : connections) {
            if (peer.hasOutgoing()) {
                try {
                    peer.flush(selector);
                } catch (IOException e) {
                    // Whatever the peer said last, an abort perhaps, is still to be read; reading
                    // finds the end of the connection too.
                    logger.debug("Could not write to rank {}", peer.rank(), e);
                    peer.dropOutgoing();
                }
            }
        }
    }

    /** Tells the peers that nothing more will come. */
    void shutdownOutput() {
        for (PeerConnection peer : connections) {
            if (peer.isOpen()) {
                try {
                    peer.shutdownOutput();
                } catch (IOException e) {
                    logger.debug("Rank {} is gone already", peer.rank(), e);
                }
            }
        }
    }

    @Override
    public void close() {
        try {
            selector.close();
        } catch (IOException e) {
            logger.debug("Could not close a selector", e);
        }
        connections.forEach(PeerConnection::close);
    }
}
