package org.jhorovod.allreduce.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The store over TCP, which serves the one in memory. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class StoreTest {
    private static final Duration SHORT = Duration.ofSeconds(5);
    private static final Duration HANDSHAKE = Duration.ofSeconds(1);

    private final Secret secret = Secret.random();
    private StoreServer server;

    @BeforeEach
    void serve() throws IOException {
        server =
                StoreServer.open(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        secret,
                        HANDSHAKE);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    private TcpStore connect(int rank) {
        return TcpStore.connect(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()),
                secret,
                new Identity(Identity.Purpose.STORE, 2, rank),
                SHORT);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void oneRankReadsWhatAnotherPut() {
        assertThat(server.hasServed()).isFalse();
        try (TcpStore a = connect(0);
                TcpStore b = connect(1)) {
            assertThat(b.get("key", SHORT)).isEmpty();
            a.set("key", bytes("value"), SHORT);
            assertThat(b.get("key", SHORT)).hasValue(bytes("value"));
            assertThat(a.add("count", 2, SHORT)).isEqualTo(2);
            assertThat(b.add("count", 3, SHORT)).isEqualTo(5);
            assertThat(server.hasServed()).isTrue();
        }
    }

    @Test
    void compareAndSet_letsOneRankWin() {
        try (TcpStore a = connect(0);
                TcpStore b = connect(1)) {
            assertThat(a.compareAndSet("who", null, bytes("a"), SHORT)).isTrue();
            assertThat(b.compareAndSet("who", null, bytes("b"), SHORT)).isFalse();
            assertThat(b.compareAndSet("who", bytes("a"), bytes("b"), SHORT)).isTrue();
        }
    }

    @Test
    void await_returnsWhenTheValueComes_andLetsOtherRequestsPass() {
        try (TcpStore a = connect(0);
                TcpStore b = connect(1)) {
            CompletableFuture<byte[]> waiting =
                    CompletableFuture.supplyAsync(() -> a.await("late", SHORT));
            a.set("other", bytes("1"), SHORT);
            assertThat(waiting).isNotDone();
            b.set("late", bytes("2"), SHORT);
            assertThat(waiting).succeedsWithin(SHORT).isEqualTo(bytes("2"));
        }
    }

    @Test
    void await_endsByItsTimeout_namingTheKey() {
        try (TcpStore a = connect(0)) {
            assertThatThrownBy(() -> a.await("never", Duration.ofMillis(300)))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("'never'");
        }
    }

    @Test
    void aRankThatEndsWithoutAGoodbye_isWrittenDown_andOneThatSaysItIsNot() throws IOException {
        connect(1).close();
        Identity identity = new Identity(Identity.Purpose.STORE, 2, 3);
        InetSocketAddress address =
                new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
        Connections.open(address, secret, identity, Deadline.after(SHORT)).close();
        await().until(() -> server.store().get(Keys.gone(2, 3), SHORT).isPresent());
        assertThat(server.store().get(Keys.gone(2, 1), SHORT)).isEmpty();
    }

    @Test
    void aValueThatIsTooLargeIsRefused_andTheConnectionLivesOn() {
        try (TcpStore a = connect(0)) {
            byte[] large = new byte[MemoryStore.MAX_VALUE_BYTES + 1];
            assertThatThrownBy(() -> a.set("large", large, SHORT))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("65536");
            a.set("small", bytes("1"), SHORT);
        }
    }

    @Test
    void aRankGetsIn_thoughManyStrangersKeepTheDoorBusy() throws IOException {
        List<Socket> strangers = new ArrayList<>();
        try {
            for (int i = 0; i < 100; i++) {
                strangers.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
            }
            try (TcpStore a = connect(0)) {
                a.set("key", bytes("1"), SHORT);
            }
        } finally {
            for (Socket stranger : strangers) {
                stranger.close();
            }
        }
    }

    @Test
    void aStoreThatGoesAway_isAnErrorInWords() throws IOException {
        TcpStore a = connect(0);
        server.close();
        assertThatThrownBy(() -> a.set("key", bytes("1"), SHORT))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("did not answer");
    }
}
