package org.jhorovod.allreduce.rendezvous;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves a {@link MemoryStore} to the processes of a job over authenticated TCP. Hosted by the
 * launcher, or by rank 0 where there is none. Relays between ranks that nobody can connect to.
 *
 * <p>Each rank keeps one connection for life. One that ends without a goodbye is written down as
 * {@link Keys#gone}, so that ranks which are still meeting learn of it.
 */
public final class StoreServer implements Closeable {
    private static final Logger logger = LoggerFactory.getLogger(StoreServer.class);
    private static final Duration FOR_EVER = Duration.ofDays(3650);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration LONGEST_AWAIT = Duration.ofSeconds(1);

    private final MemoryStore store = new MemoryStore();
    private final RelayServer relay = new RelayServer();
    private final Set<TimedChannel> open = ConcurrentHashMap.newKeySet();
    private final Listener listener;
    private volatile boolean isClosed;
    private volatile boolean hasServed;

    private StoreServer(InetSocketAddress address, Secret secret, Duration handshakeTimeout)
            throws IOException {
        this.listener = Listener.open(address, secret, handshakeTimeout, this::accept);
    }

    /** Binds the address, port 0 for any, and serves from now on. */
    public static StoreServer open(
            InetSocketAddress address, Secret secret, Duration handshakeTimeout)
            throws IOException {
        return new StoreServer(address, secret, handshakeTimeout);
    }

    /** The port that was bound. */
    public int port() {
        return listener.port();
    }

    /** Whether any rank has come so far; none does where the program does not use JHorovod. */
    public boolean hasServed() {
        return hasServed;
    }

    /** The table itself, for the process that hosts it. */
    public Store store() {
        return store;
    }

    private void accept(Identity identity, TimedChannel channel) throws IOException {
        if (identity.purpose() == Identity.Purpose.PROBE) {
            channel.close();
            return;
        }
        if (identity.purpose() == Identity.Purpose.RELAY
                || identity.purpose() == Identity.Purpose.LISTEN) {
            relay.accept(identity, channel);
            return;
        }
        if (identity.purpose() != Identity.Purpose.STORE) {
            throw new HandshakeException("it did not come for the store");
        }
        hasServed = true;
        open.add(channel);
        if (isClosed) {
            channel.close();
        }
        Thread thread =
                new Thread(() -> serve(identity, channel), "jhorovod-store-" + identity.rank());
        thread.setDaemon(true);
        thread.start();
    }

    private void serve(Identity identity, TimedChannel channel) {
        boolean saidGoodbye = false;
        try (channel) {
            while (!saidGoodbye) {
                StoreProtocol.Request request =
                        StoreProtocol.Request.decode(
                                StoreProtocol.read(channel, Deadline.after(FOR_EVER)));
                saidGoodbye = request.kind() == StoreProtocol.Kind.GOODBYE;
                StoreProtocol.write(
                        channel, answer(request, channel).encode(), Deadline.after(ANSWER_TIMEOUT));
            }
        } catch (IOException e) {
            logger.debug("The store's connection to rank {} ended: {}", identity.rank(), e);
        } finally {
            open.remove(channel);
            if (!saidGoodbye) {
                String key = Keys.gone(identity.generation(), identity.rank());
                String how = "its connection to the rendezvous ended";
                store.compareAndSet(key, null, how.getBytes(StandardCharsets.UTF_8), Duration.ZERO);
            }
        }
    }

    private StoreProtocol.Response answer(StoreProtocol.Request request, TimedChannel channel)
            throws IOException {
        byte[] value = request.value() == null ? new byte[0] : request.value();
        try {
            return switch (request.kind()) {
                case SET -> {
                    store.set(request.key(), value, Duration.ZERO);
                    yield done(0);
                }
                case GET -> found(store.get(request.key(), Duration.ZERO));
                case ADD -> done(store.add(request.key(), request.number(), Duration.ZERO));
                case COMPARE_AND_SET -> {
                    byte[] expected = request.expected();
                    yield done(
                            store.compareAndSet(request.key(), expected, value, Duration.ZERO)
                                    ? 1
                                    : 0);
                }
                case AWAIT -> awaited(request);
                case GOODBYE -> done(0);
                case SEEN -> found(Optional.of(addressOf(channel)));
            };
        } catch (StoreException e) {
            byte[] reason = String.valueOf(e.getMessage()).getBytes(StandardCharsets.UTF_8);
            return new StoreProtocol.Response(StoreProtocol.Status.REFUSED, 0, reason);
        }
    }

    private static byte[] addressOf(TimedChannel channel) throws IOException {
        return ((InetSocketAddress) channel.remoteAddress()).getAddress().getAddress();
    }

    private StoreProtocol.Response awaited(StoreProtocol.Request request) {
        long nanos = Math.max(0, Math.min(request.number(), LONGEST_AWAIT.toNanos()));
        try {
            return found(Optional.of(store.await(request.key(), Duration.ofNanos(nanos))));
        } catch (StoreException e) {
            return found(Optional.empty());
        }
    }

    private static StoreProtocol.Response done(long number) {
        return new StoreProtocol.Response(StoreProtocol.Status.DONE, number, null);
    }

    private static StoreProtocol.Response found(Optional<byte[]> value) {
        return new StoreProtocol.Response(
                value.isPresent() ? StoreProtocol.Status.DONE : StoreProtocol.Status.ABSENT,
                0,
                value.orElse(null));
    }

    @Override
    public void close() throws IOException {
        isClosed = true;
        listener.close();
        relay.close();
        for (TimedChannel channel : open) {
            channel.close();
        }
    }
}
