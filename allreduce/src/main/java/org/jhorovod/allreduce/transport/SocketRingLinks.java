package org.jhorovod.allreduce.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A ring of sockets, of either family. */
public final class SocketRingLinks implements RingLinks {
    private static final Logger logger = LoggerFactory.getLogger(SocketRingLinks.class);

    private final SocketChannel next;
    private final SocketChannel previous;
    private final Selector selector;
    private final SelectionKey nextKey;
    private final SelectionKey previousKey;

    /** Takes over two connected channels and makes them non-blocking. */
    public SocketRingLinks(SocketChannel next, SocketChannel previous) throws IOException {
        this.next = next;
        this.previous = previous;
        next.configureBlocking(false);
        previous.configureBlocking(false);
        this.selector = Selector.open();
        this.nextKey = next.register(selector, 0);
        this.previousKey = previous.register(selector, 0);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return next.write(source);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return previous.read(target);
    }

    @Override
    public void awaitReady(boolean toRead, boolean toWrite, long timeoutNanos) throws IOException {
        previousKey.interestOps(toRead ? SelectionKey.OP_READ : 0);
        nextKey.interestOps(toWrite ? SelectionKey.OP_WRITE : 0);
        selector.select(Math.max(1, timeoutNanos / 1_000_000));
        selector.selectedKeys().clear();
    }

    @Override
    public void wakeup() {
        selector.wakeup();
    }

    @Override
    public void close() {
        try (selector;
                next;
                previous) {
            logger.trace("closing the ring");
        } catch (IOException e) {
            logger.debug("Could not close a link", e);
        }
    }
}
