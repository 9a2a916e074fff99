package org.jhorovod.allreduce.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Strangers at the door: each changes nothing for the job and is logged once. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class ListenerTest {
    private static final Duration HANDSHAKE = Duration.ofSeconds(1);

    private final Secret secret = Secret.random();
    private final List<Identity> admitted = new CopyOnWriteArrayList<>();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(Listener.class);
    private Listener listener;
    private InetSocketAddress address;

    @BeforeEach
    void listen() throws IOException {
        log.start();
        logger.addAppender(log);
        logger.setAdditive(false);
        listener =
                Listener.open(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        secret,
                        HANDSHAKE,
                        (identity, channel) -> {
                            admitted.add(identity);
                            channel.close();
                        });
        address = new InetSocketAddress(InetAddress.getLoopbackAddress(), listener.port());
    }

    @AfterEach
    void close() throws IOException {
        listener.close();
        logger.detachAppender(log);
        logger.setAdditive(true);
    }

    private void connect(Secret with, int rank) throws IOException {
        Identity identity = new Identity(Identity.Purpose.CONTROL, 0, rank);
        Connections.open(address, with, identity, Deadline.after(HANDSHAKE)).close();
    }

    private void assertRefusedOnceAndStillOpen(String reason) throws IOException {
        await().until(() -> !log.list.isEmpty());
        connect(secret, 5);
        await().untilAsserted(
                        () -> assertThat(admitted).extracting(Identity::rank).containsExactly(5));
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .singleElement()
                .asString()
                .contains("Refused a connection", reason);
    }

    @Test
    void aWrongSecretIsRefused() throws IOException {
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> connect(Secret.random(), 1))
                    .isInstanceOf(HandshakeException.class)
                    .hasMessageContaining("it has another secret");
        }
        assertRefusedOnceAndStillOpen("does not know the job's secret");
    }

    @Test
    void anotherProtocolVersionIsRefused_inWords() throws IOException {
        try (TimedChannel stranger = TimedChannel.connect(address, Deadline.after(HANDSHAKE))) {
            ByteBuffer hello = ByteBuffer.allocate(38).putInt(0x4a485644).putShort((short) 99);
            stranger.writeFully(hello.clear(), Deadline.after(HANDSHAKE));
            assertRefusedOnceAndStillOpen("protocol version 99, this end 2");
        }
    }

    @Test
    void randomBytesAreRefused() throws IOException {
        try (Socket stranger = new Socket(address.getAddress(), address.getPort())) {
            byte[] bytes = new byte[64 * 1024];
            new Random(7).nextBytes(bytes);
            stranger.getOutputStream().write(bytes, 0, 38);
            assertRefusedOnceAndStillOpen("does not speak JHorovod's protocol");
        }
    }

    @Test
    void silenceIsRefused_whileOthersComeIn() throws IOException {
        try (Socket first = new Socket(address.getAddress(), address.getPort());
                Socket second = new Socket(address.getAddress(), address.getPort())) {
            connect(secret, 4);
            await().until(() -> admitted.size() == 1);
            admitted.clear();
            assertRefusedOnceAndStillOpen("silent for 1 s");
            assertThat(first.isClosed() || second.isClosed()).isFalse();
        }
    }

    @Test
    void aConnectionThatEndsEarlyIsRefused() throws IOException {
        new Socket(address.getAddress(), address.getPort()).close();
        assertRefusedOnceAndStillOpen("closed before it had proved");
    }

    @Test
    void aListenerWithoutTheSecretIsFoundByTheOneThatConnects() throws IOException {
        // The stranger answers the hello, and then with a proof that it cannot know.
        try (java.net.ServerSocket impostor =
                new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread thread = new Thread(() -> pretend(impostor), "impostor");
            thread.setDaemon(true);
            thread.start();
            InetSocketAddress there =
                    new InetSocketAddress(impostor.getInetAddress(), impostor.getLocalPort());
            Identity identity = new Identity(Identity.Purpose.STORE, 0, 1);
            assertThatThrownBy(
                            () ->
                                    Connections.open(
                                            there, secret, identity, Deadline.after(HANDSHAKE)))
                    .isInstanceOf(HandshakeException.class)
                    .hasMessageContaining("does not know the job's secret");
        }
    }

    private static void pretend(java.net.ServerSocket impostor) {
        try (Socket victim = impostor.accept()) {
            byte[] hello = victim.getInputStream().readNBytes(38);
            victim.getOutputStream().write(hello);
            victim.getOutputStream().write(new byte[Secret.PROOF_BYTES]);
            victim.getOutputStream().flush();
            victim.getInputStream().readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
