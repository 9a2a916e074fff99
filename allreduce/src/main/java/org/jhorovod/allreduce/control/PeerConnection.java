package org.jhorovod.allreduce.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jhorovod.allreduce.rendezvous.Wire;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One peer's control connection; owned by the control thread. */
final class PeerConnection {
    private static final Logger logger = LoggerFactory.getLogger(PeerConnection.class);

    private final int rank;
    private final Wire wire;
    private final ByteBuffer incoming = ByteBuffer.allocate(4 + ControlMessage.MAX_BODY_BYTES);
    private final Deque<ByteBuffer> outgoing = new ArrayDeque<>();
    private boolean isOpen = true;

    PeerConnection(int rank, Wire wire) {
        this.rank = rank;
        this.wire = wire;
    }

    int rank() {
        return rank;
    }

    boolean isOpen() {
        return isOpen;
    }

    void register(Selector selector) throws IOException {
        wire.socket().configureBlocking(false);
        wire.socket().register(selector, SelectionKey.OP_READ, this);
    }

    /** Takes a frame to be written as soon as the socket lets it. */
    void send(ByteBuffer frame) {
        outgoing.add(frame);
    }

    boolean hasOutgoing() {
        return isOpen && !outgoing.isEmpty();
    }

    /** Forgets what could not be written, because the peer reads no more. */
    void dropOutgoing() {
        outgoing.clear();
    }

    /** Writes what the socket takes now. */
    void flush(Selector selector) throws IOException {
        while (!outgoing.isEmpty()) {
            ByteBuffer frame = outgoing.peek();
            wire.write(frame);
            if (frame.hasRemaining()) {
                break;
            }
            outgoing.remove();
        }
        SelectionKey key = wire.socket().keyFor(selector);
        if (key != null && key.isValid()) {
            key.interestOps(
                    SelectionKey.OP_READ | (outgoing.isEmpty() ? 0 : SelectionKey.OP_WRITE));
        }
    }

    /**
     * Reads what is there and returns the next whole frame's body, or null if it is not complete.
     * Call again until null.
     */
    @Nullable ByteBuffer receive() throws IOException {
        int bytes = wire.read(incoming);
        if (incoming.position() >= 4) {
            int length = incoming.getInt(0);
            if (length < ControlMessage.LETTER_HEADER_BYTES
                    || length > ControlMessage.MAX_BODY_BYTES) {
                throw new IOException("a control message of " + length + " bytes");
            }
            if (incoming.position() >= 4 + length) {
                byte[] body = new byte[length];
                incoming.flip().position(4);
                incoming.get(body);
                incoming.compact();
                return ByteBuffer.wrap(body);
            }
        }
        if (bytes < 0) {
            throw new IOException(
                    "its control connection ended without a goodbye: its process has died");
        }
        return null;
    }

    void shutdownOutput() throws IOException {
        wire.shutdownOutput();
    }

    void close() {
        isOpen = false;
        try {
            wire.close();
        } catch (IOException e) {
            logger.debug("Could not close the control connection of rank {}", rank, e);
        }
    }
}
