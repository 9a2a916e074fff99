package org.jhorovod.allreduce.rendezvous;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes on what two connections bring, each to the other, until both have ended. */
final class RelayPipe implements Closeable {
    private static final Logger logger = LoggerFactory.getLogger(RelayPipe.class);
    private static final int PIECE_BYTES = 16 << 10;

    private final SocketChannel one;
    private final SocketChannel other;
    private final ByteBuffer there = ByteBuffer.allocateDirect(PIECE_BYTES);
    private final ByteBuffer back = ByteBuffer.allocateDirect(PIECE_BYTES);

    /** Takes both over. */
    RelayPipe(SocketChannel one, SocketChannel other) throws IOException {
        this.one = one;
        this.other = other;
        one.configureBlocking(true);
        other.configureBlocking(true);
    }

    /** Blocks until both have ended, or {@link #close} is called. */
    void run() {
        Thread returning =
                new Thread(() -> pass(other, one, back), Thread.currentThread().getName());
        returning.setDaemon(true);
        returning.start();
        pass(one, other, there);
        try {
            returning.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            close();
        }
    }

    /** The ranks' own deadlines hold: who gives up ends its connection, and so this. */
    private static void pass(SocketChannel from, SocketChannel to, ByteBuffer piece) {
        try (Closeable reading = from::shutdownInput;
                Closeable writing = to::shutdownOutput) {
            while (from.read(piece) >= 0) {
                piece.flip();
                while (piece.hasRemaining()) {
                    to.write(piece);
                }
                piece.clear();
            }
        } catch (IOException e) {
            // This way alone has ended: what is still on the other, such as a goodbye, arrives.
            logger.debug("A relayed connection broke", e);
        }
    }

    @Override
    public void close() {
        try (one;
                other) {
            logger.trace("closing a relayed connection");
        } catch (IOException e) {
            logger.debug("Could not close a relayed connection", e);
        }
    }
}
