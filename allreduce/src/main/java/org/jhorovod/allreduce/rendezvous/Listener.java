package org.jhorovod.allreduce.rendezvous;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listening socket that lets in only connections that prove the job's secret.
 *
 * <p>Each handshake runs on a thread of its own, of which there are few, and ends by a deadline, so
 * that a silent or hostile connection costs the job nothing. What is refused is logged once for
 * each reason.
 */
public final class Listener implements Closeable {

    /** What to do with a connection that belongs to the job; takes over the channel. */
    @FunctionalInterface
    public interface Handler {
        void accept(Identity identity, TimedChannel channel) throws IOException;

        /** Whether it is let in at all, if it knows the secret. */
        default boolean expects(Identity identity) {
            return true;
        }
    }

    private static final Logger logger = LoggerFactory.getLogger(Listener.class);
    private static final int MAX_HANDSHAKES = 64;
    private static final int MAX_REASONS_LOGGED = 16;
    private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

    private final ServerSocketChannel server;
    private final SocketAddress address;
    private final Secret secret;
    private final Duration handshakeTimeout;
    private final Handler handler;
    private final ThreadPoolExecutor handshakes;
    private final Set<String> logged = ConcurrentHashMap.newKeySet();

    private Listener(
            ServerSocketChannel server,
            SocketAddress address,
            Secret secret,
            Duration handshakeTimeout,
            Handler handler) {
        this.server = server;
        this.address = address;
        this.secret = secret;
        this.handshakeTimeout = handshakeTimeout;
        this.handler = handler;
        this.handshakes =
                new ThreadPoolExecutor(
                        0,
                        MAX_HANDSHAKES,
                        1,
                        TimeUnit.SECONDS,
                        new SynchronousQueue<>(),
                        task -> daemon(task, "jhorovod-handshake"));
    }

    /** Binds the address and starts to accept. */
    public static Listener open(
            SocketAddress address, Secret secret, Duration handshakeTimeout, Handler handler)
            throws IOException {
        boolean unix = address instanceof UnixDomainSocketAddress;
        ServerSocketChannel server =
                unix
                        ? ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                        : ServerSocketChannel.open();
        try {
            server.bind(address, 1024);
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
        Listener listener = new Listener(server, address, secret, handshakeTimeout, handler);
        daemon(listener::acceptAll, "jhorovod-listen").start();
        return listener;
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** The port that was bound. */
    public int port() {
        try {
            return ((InetSocketAddress) server.getLocalAddress()).getPort();
        } catch (IOException e) {
            throw new IllegalStateException("bug: the listener is closed", e);
        }
    }

    private void acceptAll() {
        while (server.isOpen()) {
            try {
                admit(server.accept());
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                if (logged.add("accept")) {
                    logger.warn("Could not accept a connection, and tries again: {}", e.toString());
                }
                LockSupport.parkNanos(ACCEPT_PAUSE.toNanos());
            }
        }
    }

    /** Shakes hands with somebody who has come, by the listening socket or through a relay. */
    void admit(SocketChannel channel) {
        try {
            handshakes.execute(() -> shakeHands(channel));
        } catch (RejectedExecutionException e) {
            refuse(channel, "too many handshakes at once");
        }
    }

    private void shakeHands(SocketChannel socket) {
        try {
            TimedChannel channel = new TimedChannel(socket);
            if (socket.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
                socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
                TimedChannel.keepAlive(socket);
            }
            Deadline deadline = Deadline.after(handshakeTimeout);
            Optional<JobCertificate> certificate = secret.certificateFor(address);
            if (certificate.isPresent()) {
                channel.encrypt(certificate.get(), false, deadline);
            }
            Identity identity = Handshake.accept(channel, secret, handler::expects, deadline);
            handler.accept(identity, channel);
        } catch (NotTlsException e) {
            Handshake.demandTls(socket);
            refuse(socket, String.valueOf(e.getMessage()));
        } catch (HandshakeException e) {
            refuse(socket, String.valueOf(e.getMessage()));
        } catch (SSLException e) {
            refuse(socket, String.valueOf(new TlsException("it", e).getMessage()));
        } catch (SocketTimeoutException e) {
            refuse(socket, "it was silent for " + handshakeTimeout.toSeconds() + " s");
        } catch (EOFException e) {
            refuse(socket, "it closed before it had proved the job's secret");
        } catch (IOException e) {
            refuse(socket, e.toString());
        }
    }

    private void refuse(SocketChannel socket, String reason) {
        String remote = "";
        try {
            remote = socket.getRemoteAddress() + ": ";
        } catch (IOException e) {
            logger.trace("no remote address", e);
        }
        if (server.isOpen() && logged.size() < MAX_REASONS_LOGGED && logged.add(reason)) {
            logger.warn(
                    "Refused a connection from {}{}. The job goes on; more of this kind are not"
                            + " logged.",
                    remote,
                    reason);
        }
        try {
            socket.close();
        } catch (IOException e) {
            logger.trace("close failed", e);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        handshakes.shutdownNow();
    }
}
