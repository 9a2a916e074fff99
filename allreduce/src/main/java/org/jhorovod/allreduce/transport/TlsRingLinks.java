package org.jhorovod.allreduce.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import org.jhorovod.allreduce.rendezvous.TlsWire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A ring of encrypted connections. */
public final class TlsRingLinks implements RingLinks {
    private static final Logger logger = LoggerFactory.getLogger(TlsRingLinks.class);

    private final TlsWire next;
    private final TlsWire previous;
    private final Selector selector;
    private final SelectionKey nextKey;
    private final SelectionKey previousKey;

    /** Takes over two connections. */
    public TlsRingLinks(TlsWire next, TlsWire previous) throws IOException {
        this.next = next;
        this.previous = previous;
        next.widen();
        previous.widen();
        this.selector = Selector.open();
        this.nextKey = next.socket().register(selector, 0);
        this.previousKey = previous.socket().register(selector, 0);
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
        if (toRead && previous.hasReadable()) {
            return; // the socket does not show it any more
        }
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
