package org.jhorovod.allreduce.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks that nobody can connect to, and those who come for them. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RelayServerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long NUMBER = -42;
    private static final Identity CALLER = new Identity(Identity.Purpose.DATA, 0, 1, NUMBER, false);

    private final Secret plain = Secret.random();
    private final Secret encrypting = plain.with(TestCertificates.ONE);
    private final BlockingQueue<TimedChannel> admitted = new LinkedBlockingQueue<>();

    private static InetSocketAddress at(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static StoreServer serve(Secret secret) throws IOException {
        return StoreServer.open(at(0), secret, PATIENCE);
    }

    /** A rank's listener, at which nobody can knock. */
    private Listener listen(Secret secret) throws IOException {
        return Listener.open(
                at(0),
                secret,
                PATIENCE,
                new Listener.Handler() {
                    @Override
                    public void accept(Identity identity, TimedChannel channel) {
                        admitted.add(channel);
                    }

                    @Override
                    public boolean expects(Identity identity) {
                        return identity.equals(CALLER);
                    }
                });
    }

    private static TimedChannel call(StoreServer relay, Secret secret, Identity identity)
            throws IOException {
        Deadline deadline = Deadline.after(PATIENCE);
        return Connections.openThrough(at(relay.port()), secret, identity, deadline, deadline);
    }

    private TimedChannel admitted() throws InterruptedException {
        TimedChannel channel = admitted.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(channel).as("a connection that was let in").isNotNull();
        return channel;
    }

    @ParameterizedTest(name = "encrypting: {0}")
    @ValueSource(booleans = {true, false})
    void bytes_arriveAsTheyWere_bothWays_andSoDoesTheEnd(boolean isEncrypting) throws Exception {
        Secret secret = isEncrypting ? encrypting : plain;
        byte[] sent = new byte[3_000_000];
        new Random(20261126).nextBytes(sent);
        try (StoreServer relay = serve(secret);
                Listener listener = listen(secret);
                RelayListener waiting =
                        RelayListener.open(at(relay.port()), secret, 0, 2, NUMBER, listener)) {
            for (int caller = 0; caller < 2; caller++) {
                TimedChannel near = call(relay, secret, CALLER);
                try (TimedChannel far = admitted()) {
                    assertThat(arrived(near, far, sent)).isEqualTo(sent);
                    assertThat(arrived(far, near, sent)).isEqualTo(sent);
                    near.close();
                    ByteBuffer more = ByteBuffer.allocate(1);
                    assertThatThrownBy(() -> far.readFully(more, Deadline.after(PATIENCE)))
                            .isInstanceOf(EOFException.class);
                }
            }
            assertThat(waiting).isNotNull();
        }
    }

    private static byte[] arrived(TimedChannel from, TimedChannel to, byte[] sent)
            throws Exception {
        CompletableFuture<Void> writing =
                CompletableFuture.runAsync(
                        () -> {
                            try {
                                from.writeFully(ByteBuffer.wrap(sent), Deadline.after(PATIENCE));
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                        });
        ByteBuffer received = ByteBuffer.allocate(sent.length);
        to.readFully(received, Deadline.after(PATIENCE));
        writing.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        return received.array();
    }

    @Test
    void aCaller_mayComeFirst() throws Exception {
        try (StoreServer relay = serve(plain);
                Listener listener = listen(plain)) {
            CompletableFuture<TimedChannel> calling =
                    CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    return call(relay, plain, CALLER);
                                } catch (IOException e) {
                                    throw new IllegalStateException(e);
                                }
                            });
            try (RelayListener waiting =
                            RelayListener.open(at(relay.port()), plain, 0, 2, NUMBER, listener);
                    TimedChannel near = calling.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                    TimedChannel far = admitted()) {
                byte[] sent = {1, 2, 3};
                assertThat(arrived(near, far, sent)).isEqualTo(sent);
                assertThat(waiting).isNotNull();
            }
        }
    }

    @Test
    void whoComesForAnother_isRefusedByTheRankItself() throws Exception {
        try (StoreServer relay = serve(plain);
                Listener listener = listen(plain);
                RelayListener waiting =
                        RelayListener.open(at(relay.port()), plain, 0, 2, NUMBER, listener)) {
            Identity other = new Identity(Identity.Purpose.DATA, 0, 7, NUMBER, false);
            assertThatThrownBy(() -> call(relay, plain, other))
                    .isInstanceOf(HandshakeException.class)
                    .hasMessageContaining("not the rank that was meant");
            assertThat(admitted).isEmpty();
            assertThat(waiting).isNotNull();
        }
    }

    private static final Identity AT_RELAY =
            new Identity(Identity.Purpose.RELAY, 0, 1, NUMBER, false);

    /** Two ends of one connection, the relay's first. */
    private static List<TimedChannel> connection() throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open().bind(at(0))) {
            TimedChannel far =
                    TimedChannel.connect(server.getLocalAddress(), Deadline.after(PATIENCE));
            return List.of(new TimedChannel(server.accept()), far);
        }
    }

    private static void requireEnded(TimedChannel caller) {
        assertThatThrownBy(() -> RelayServer.hear(caller, Deadline.after(PATIENCE)))
                .isInstanceOf(EOFException.class);
    }

    @Test
    void aCaller_isGivenUp_whereNobodyListens() throws Exception {
        try (RelayServer relay = new RelayServer(Duration.ofMillis(50), 10)) {
            for (int time = 0; time < 2; time++) {
                List<TimedChannel> ends = connection();
                try (TimedChannel caller = ends.get(1)) {
                    relay.accept(AT_RELAY, ends.get(0));
                    requireEnded(caller);
                }
            }
        }
    }

    @Test
    void callers_areRefused_whereTooManyWait() throws Exception {
        try (RelayServer relay = new RelayServer(PATIENCE, 1)) {
            List<TimedChannel> first = connection();
            List<TimedChannel> second = connection();
            try (TimedChannel waits = first.get(1);
                    TimedChannel refused = second.get(1)) {
                relay.accept(AT_RELAY, first.get(0));
                relay.accept(AT_RELAY, second.get(0));
                requireEnded(refused);
                assertThat(waits.hasEnded()).isFalse();
            }
        }
    }

    @Test
    void callersOfARankThatIsGone_areToldSo() throws Exception {
        try (StoreServer relay = serve(plain)) {
            TimedChannel listening =
                    Connections.open(
                            at(relay.port()),
                            plain,
                            new Identity(Identity.Purpose.LISTEN, 0, 2, NUMBER, false),
                            Deadline.after(PATIENCE));
            CompletableFuture<TimedChannel> calling =
                    CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    return call(relay, plain, CALLER);
                                } catch (IOException e) {
                                    throw new IllegalStateException(e);
                                }
                            });
            RelayServer.hear(listening, Deadline.after(PATIENCE));
            listening.close();
            assertThatThrownBy(() -> calling.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .hasRootCauseInstanceOf(EOFException.class);
        }
    }
}
