package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A store in another process: one connection, kept for life, one request at a time. */
public final class TcpStore implements Store {
    private static final Logger logger = LoggerFactory.getLogger(TcpStore.class);
    private static final Duration RETRY_PAUSE = Duration.ofMillis(50);
    // Long enough to cost little, short enough that another thread's request gets its turn.
    private static final Duration AWAIT_SLICE = Duration.ofMillis(250);

    // A store that is slow for a moment, on a busy machine say, is not gone.
    private static final Duration ANSWER_PATIENCE = Duration.ofSeconds(10);

    private final InetSocketAddress address;
    private final TimedChannel channel;

    private TcpStore(InetSocketAddress address, TimedChannel channel) {
        this.address = address;
        this.channel = channel;
    }

    /**
     * Connects, trying again while nobody listens yet.
     *
     * @throws StoreException if the store cannot be reached in time, or does not know the secret
     */
    public static TcpStore connect(
            InetSocketAddress address, Secret secret, Identity identity, Duration timeout) {
        Deadline deadline = Deadline.after(timeout);
        while (true) {
            try {
                return attempt(address, secret, identity, deadline);
            } catch (HandshakeException e) {
                throw unreachable(address, timeout, e);
            } catch (IOException e) {
                // Nobody listens yet, or too many strangers keep the listener busy.
                if (deadline.remainingNanos() < RETRY_PAUSE.toNanos()
                        || Thread.currentThread().isInterrupted()) {
                    throw unreachable(address, timeout, e);
                }
            }
            LockSupport.parkNanos(RETRY_PAUSE.toNanos());
        }
    }

    /**
     * Connects if anybody listens at the address; empty if not.
     *
     * @throws StoreException if somebody does, but does not answer in time or know the secret
     */
    public static Optional<TcpStore> connectIfServed(
            InetSocketAddress address, Secret secret, Identity identity, Duration timeout) {
        Deadline deadline = Deadline.after(timeout);
        try {
            return Optional.of(attempt(address, secret, identity, deadline));
        } catch (ConnectException e) {
            return Optional.empty();
        } catch (IOException e) {
            Duration rest = Duration.ofNanos(Math.max(1, deadline.remainingNanos()));
            return Optional.of(connect(address, secret, identity, rest));
        }
    }

    private static TcpStore attempt(
            InetSocketAddress address, Secret secret, Identity identity, Deadline deadline)
            throws IOException {
        return new TcpStore(address, Connections.open(address, secret, identity, deadline));
    }

    private static StoreException unreachable(
            InetSocketAddress address, Duration timeout, IOException cause) {
        return new StoreException(
                "Rank cannot reach the rendezvous at %s within %d s: %s. Check JHOROVOD_RENDEZVOUS, that the launcher (or rank 0) runs there, and that both have the same JHOROVOD_SECRET_FILE."
                        .formatted(address, timeout.toSeconds(), cause.getMessage()),
                cause);
    }

    /** The address of this host by which it reaches the store. */
    public InetAddress localAddress() {
        try {
            return ((InetSocketAddress) channel.localAddress()).getAddress();
        } catch (IOException e) {
            throw new StoreException("The connection to the store is closed.", e);
        }
    }

    /** The address from which the store sees this end come; another one behind NAT. */
    public InetAddress seenAddress() {
        byte[] seen =
                ask(request(StoreProtocol.Kind.SEEN, "", 0, null, null), ANSWER_PATIENCE).value();
        try {
            return InetAddress.getByAddress(seen == null ? new byte[0] : seen);
        } catch (UnknownHostException e) {
            throw new StoreException(
                    "The store at %s does not say from where it is reached.".formatted(address), e);
        }
    }

    /** The address by which it is reached. */
    public InetSocketAddress address() {
        return address;
    }

    @Override
    public void set(String key, byte[] value, Duration timeout) {
        ask(request(StoreProtocol.Kind.SET, key, 0, value, null), timeout);
    }

    @Override
    public Optional<byte[]> get(String key, Duration timeout) {
        return Optional.ofNullable(
                ask(request(StoreProtocol.Kind.GET, key, 0, null, null), timeout).value());
    }

    @Override
    public long add(String key, long amount, Duration timeout) {
        return ask(request(StoreProtocol.Kind.ADD, key, amount, null, null), timeout).number();
    }

    @Override
    public boolean compareAndSet(
            String key, byte @Nullable [] expected, byte[] value, Duration timeout) {
        return ask(request(StoreProtocol.Kind.COMPARE_AND_SET, key, 0, value, expected), timeout)
                        .number()
                == 1;
    }

    @Override
    public byte[] await(String key, Duration timeout) {
        Deadline deadline = Deadline.after(timeout);
        while (true) {
            long nanos = Math.min(deadline.remainingNanos(), AWAIT_SLICE.toNanos());
            StoreProtocol.Request request =
                    request(StoreProtocol.Kind.AWAIT, key, Math.max(0, nanos), null, null);
            byte[] value = ask(request, ANSWER_PATIENCE).value();
            if (value != null) {
                return value;
            }
            if (deadline.isOver()) {
                throw new StoreException(
                        "Nobody put '%s' into the store within %s.".formatted(key, timeout));
            }
        }
    }

    private static StoreProtocol.Request request(
            StoreProtocol.Kind kind,
            String key,
            long number,
            byte @Nullable [] value,
            byte @Nullable [] expected) {
        return new StoreProtocol.Request(kind, key, number, value, expected);
    }

    private synchronized StoreProtocol.Response ask(
            StoreProtocol.Request request, Duration timeout) {
        Deadline deadline = Deadline.after(timeout);
        StoreProtocol.Response response;
        try {
            StoreProtocol.write(channel, request.encode(), deadline);
            response = StoreProtocol.Response.decode(StoreProtocol.read(channel, deadline));
        } catch (IOException e) {
            disconnect();
            throw new StoreException(
                    "The store at %s did not answer: %s. Whoever hosts it (launcher or rank 0) is gone or stopped."
                            .formatted(address, e),
                    e);
        }
        if (response.status() == StoreProtocol.Status.REFUSED) {
            byte[] reason = response.value() == null ? new byte[0] : response.value();
            throw new StoreException(new String(reason, StandardCharsets.UTF_8));
        }
        return response;
    }

    /** An answer that comes late would be taken for that to the next request. */
    private void disconnect() {
        try {
            channel.close();
        } catch (IOException e) {
            logger.debug("Could not close the connection to the store", e);
        }
    }

    /** Says goodbye, so that the store does not take this end for a death, and disconnects. */
    @Override
    public void close() {
        try (channel) {
            ask(request(StoreProtocol.Kind.GOODBYE, "", 0, null, null), Duration.ofSeconds(1));
        } catch (StoreException | IOException e) {
            // The store is gone already: nothing is left to tell it.
            return;
        }
    }
}
