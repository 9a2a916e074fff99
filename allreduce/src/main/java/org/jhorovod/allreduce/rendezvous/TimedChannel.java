package org.jhorovod.allreduce.rendezvous;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import jdk.net.ExtendedSocketOptions;

/**
 * A connected socket, TCP or unix-domain, whose reads and writes block until done but never past a
 * deadline. One thread at a time.
 */
public final class TimedChannel implements Closeable {
    private static final int KEEP_ALIVE_SECONDS = 60;

    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private Wire wire;

    /** Wraps a connected channel, which this object closes from now on. */
    public TimedChannel(SocketChannel channel) throws IOException {
        this.channel = channel;
        channel.configureBlocking(false);
        this.selector = Selector.open();
        this.key = channel.register(selector, 0);
        this.wire = new PlainWire(channel);
    }

    /**
     * Connects to an address of either family.
     *
     * @throws SocketTimeoutException if the deadline passes first
     */
    public static TimedChannel connect(SocketAddress address, Deadline deadline)
            throws IOException {
        boolean isUnix = address instanceof UnixDomainSocketAddress;
        SocketChannel channel =
                isUnix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
        try {
            if (isUnix) {
                channel.connect(address);
                return new TimedChannel(channel);
            }
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            keepAlive(channel);
            channel.configureBlocking(false);
            boolean isConnected = channel.connect(address);
            TimedChannel timed = new TimedChannel(channel);
            if (!isConnected) {
                timed.finishConnecting(address, deadline);
            }
            return timed;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** A router between networks forgets a connection on which nothing moves for some minutes. */
    static void keepAlive(SocketChannel channel) throws IOException {
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        if (channel.supportedOptions().contains(ExtendedSocketOptions.TCP_KEEPIDLE)) {
            channel.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, KEEP_ALIVE_SECONDS);
            channel.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, KEEP_ALIVE_SECONDS);
        }
    }

    private void finishConnecting(SocketAddress address, Deadline deadline) throws IOException {
        try {
            do {
                awaitReady(SelectionKey.OP_CONNECT, deadline, "connecting to " + address);
            } while (!channel.finishConnect());
        } catch (IOException | RuntimeException e) {
            close(); // the selector too: who waits for a late peer is refused many times
            throw e;
        }
    }

    /**
     * Encrypts all that follows, by agreement with the other end.
     *
     * @param connects whether this end does, and the other has accepted
     * @throws javax.net.ssl.SSLException if they cannot agree
     */
    void encrypt(JobCertificate certificate, boolean connects, Deadline deadline)
            throws IOException {
        TlsWire tls = new TlsWire(channel, certificate.engine(connects));
        wire = tls;
        TlsWire.Need need = tls.shakeHands();
        while (need != TlsWire.Need.NOTHING) {
            int operation =
                    need == TlsWire.Need.TO_READ ? SelectionKey.OP_READ : SelectionKey.OP_WRITE;
            awaitReady(operation, deadline, "agreeing on TLS");
            need = tls.shakeHands();
        }
    }

    /** Reads until the buffer is full. */
    public void readFully(ByteBuffer target, Deadline deadline) throws IOException {
        while (target.hasRemaining()) {
            int bytes = wire.read(target);
            if (bytes < 0) {
                throw new EOFException("the other end closed the connection");
            }
            if (bytes == 0) {
                awaitReady(SelectionKey.OP_READ, deadline, "reading");
            }
        }
    }

    /** Writes all that remains in the buffer. */
    public void writeFully(ByteBuffer source, Deadline deadline) throws IOException {
        while (source.hasRemaining()) {
            if (wire.write(source) == 0) {
                awaitReady(SelectionKey.OP_WRITE, deadline, "writing");
            }
        }
    }

    private void awaitReady(int operation, Deadline deadline, String what) throws IOException {
        if (deadline.isOver()) {
            throw new SocketTimeoutException("no answer in time while " + what);
        }
        try {
            key.interestOps(operation);
            selector.select(Math.max(1, deadline.remainingMillis()));
            selector.selectedKeys().clear();
        } catch (ClosedSelectorException | CancelledKeyException e) {
            throw new IOException("closed by this process while " + what, e);
        }
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("interrupted while " + what);
        }
    }

    /** Whether the other end has closed; only where it has nothing to say before this end does. */
    boolean hasEnded() {
        try {
            return wire.read(ByteBuffer.allocate(1)) != 0;
        } catch (IOException e) {
            return true;
        }
    }

    /** The other end's address. */
    SocketAddress remoteAddress() throws IOException {
        return channel.getRemoteAddress();
    }

    /**
     * Hands the socket over, no longer encrypted; this object must not be used again. Both ends do
     * so, each when all is read that the other encrypted.
     */
    SocketChannel releaseBare() throws IOException {
        selector.close();
        if (wire instanceof TlsWire tls) {
            tls.requireNothingLeft();
        }
        return channel;
    }

    /** This end's address. */
    public SocketAddress localAddress() throws IOException {
        return channel.getLocalAddress();
    }

    /** Hands the bare connection over; this object must not be used again. */
    public Wire release() throws IOException {
        selector.close();
        return wire;
    }

    @Override
    public void close() throws IOException {
        selector.close();
        channel.close();
    }
}
