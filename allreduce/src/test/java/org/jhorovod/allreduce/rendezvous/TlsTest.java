package org.jhorovod.allreduce.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Connections that are encrypted, and those that should be and are not. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class TlsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final Identity IDENTITY = new Identity(Identity.Purpose.DATA, 0, 1);

    private final Secret plain = Secret.random();
    private final Secret encrypting = plain.with(TestCertificates.ONE);
    private final BlockingQueue<TimedChannel> admitted = new LinkedBlockingQueue<>();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(Listener.class);

    @BeforeEach
    void record() {
        log.start();
        logger.addAppender(log);
        logger.setAdditive(false);
    }

    @AfterEach
    void forget() {
        logger.detachAppender(log);
        logger.setAdditive(true);
    }

    private Listener listen(Secret secret, Duration handshakeTimeout) throws IOException {
        return Listener.open(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                secret,
                handshakeTimeout,
                (identity, channel) -> admitted.add(channel));
    }

    private static InetSocketAddress at(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static TimedChannel connect(int port, Secret secret) throws IOException {
        return Connections.open(at(port), secret, IDENTITY, Deadline.after(PATIENCE));
    }

    private TimedChannel admitted() throws InterruptedException {
        TimedChannel channel = admitted.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(channel).as("a connection that was let in").isNotNull();
        return channel;
    }

    private void assertRefused(String reason) {
        await().until(() -> !log.list.isEmpty());
        assertThat(log.list.get(0).getFormattedMessage()).contains("Refused a connection", reason);
        assertThat(admitted).isEmpty();
    }

    @ParameterizedTest(name = "encrypting: {0}")
    @ValueSource(booleans = {true, false})
    void bytes_arriveAsTheyWere_howeverTheNetworkCutsThem(boolean isEncrypting) throws Exception {
        Secret secret = isEncrypting ? encrypting : plain;
        Random random = new Random(20261126);
        byte[] sent = new byte[700_000];
        random.nextBytes(sent);
        try (Listener listener = listen(secret, PATIENCE);
                Relay relay = Relay.to(listener.port(), random.nextLong());
                TimedChannel near = connect(relay.port(), secret);
                TimedChannel far = admitted()) {
            Thread writer = new Thread(() -> writeInPieces(near, sent), "writer");
            writer.start();
            ByteBuffer received = ByteBuffer.allocate(sent.length);
            while (received.hasRemaining()) {
                int bytes = Math.min(received.remaining(), 1 + random.nextInt(40_000));
                ByteBuffer piece = received.slice(received.position(), bytes);
                far.readFully(piece, Deadline.after(PATIENCE));
                received.position(received.position() + bytes);
            }
            writer.join(PATIENCE.toMillis());
            assertThat(received.array()).isEqualTo(sent);
            assertThat(relay.hasSeen(sent, 16)).as("in the clear").isEqualTo(!isEncrypting);
        }
    }

    private static void writeInPieces(TimedChannel channel, byte[] bytes) {
        Random random = new Random(7);
        int start = 0;
        try {
            while (start < bytes.length) {
                int count = Math.min(bytes.length - start, 1 + random.nextInt(40_000));
                ByteBuffer piece = ByteBuffer.wrap(bytes, start, count);
                channel.writeFully(piece, Deadline.after(PATIENCE));
                start += count;
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void bothEndsSayTheWayOut_whenOneHasAnotherCertificate() throws IOException {
        try (Listener listener = listen(encrypting, PATIENCE)) {
            assertThatThrownBy(() -> connect(listener.port(), plain.with(TestCertificates.OTHER)))
                    .isInstanceOf(HandshakeException.class)
                    .hasMessageContainingAll(
                            "the other end has another certificate than this end",
                            "JHOROVOD_TLS_FILE");
            assertRefused("it has another certificate than this end");
        }
    }

    @Test
    void bothEndsSayTheWayOut_whenOnlyTheListenerEncrypts() throws IOException {
        try (Listener listener = listen(encrypting, PATIENCE)) {
            assertThatThrownBy(() -> connect(listener.port(), plain))
                    .isInstanceOf(HandshakeException.class)
                    .hasMessageContainingAll(
                            "the other end uses TLS, but this end does not", "--tls");
            assertRefused("it does not use TLS, but this end does");
        }
    }

    @Test
    void bothEndsSayTheWayOut_whenOnlyTheOneThatConnectsEncrypts() throws IOException {
        try (Listener listener = listen(plain, PATIENCE)) {
            assertThatThrownBy(() -> connect(listener.port(), encrypting))
                    .isInstanceOf(HandshakeException.class)
                    .hasMessageContainingAll(
                            "the other end does not use TLS, but this end does", "--tls");
            assertRefused("it uses TLS, but this end does not");
        }
    }

    /** From a file as OpenSSL writes it, and twenty years too late. */
    @Test
    void certificate_isGood_thoughItHasExpired() throws Exception {
        Path file = Path.of(getClass().getResource("expired.pem").toURI());
        Secret expired = plain.with(JobCertificate.read(file));
        try (Listener listener = listen(expired, PATIENCE);
                TimedChannel near = connect(listener.port(), expired);
                TimedChannel far = admitted()) {
            near.writeFully(ByteBuffer.wrap(new byte[] {7}), Deadline.after(PATIENCE));
            ByteBuffer one = ByteBuffer.allocate(1);
            far.readFully(one, Deadline.after(PATIENCE));
            assertThat(one.get(0)).isEqualTo((byte) 7);
        }
    }

    @Test
    void anotherSecret_isRefusedInsideTlsToo() throws IOException {
        Secret other = Secret.random().with(TestCertificates.ONE);
        try (Listener listener = listen(encrypting, PATIENCE)) {
            assertThatThrownBy(() -> connect(listener.port(), other))
                    .isInstanceOf(HandshakeException.class)
                    .hasMessageContaining("it has another secret");
            assertRefused("it does not know the job's secret");
        }
    }

    @Test
    void connecting_endsByItsDeadline_whenTheOtherEndIsSilent() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(
                            () ->
                                    Connections.open(
                                            at(silent.getLocalPort()),
                                            encrypting,
                                            IDENTITY,
                                            Deadline.after(SHORT)))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("agreeing on TLS");
        }
    }

    @Test
    void aStrangerThatStopsInTheHandshake_isRefusedByTheDeadline() throws IOException {
        byte[] beginOfRecord = {22, 3, 1, 1, 0};
        try (Listener listener = listen(encrypting, SHORT);
                Socket stranger = new Socket(InetAddress.getLoopbackAddress(), listener.port())) {
            stranger.getOutputStream().write(beginOfRecord);
            assertRefused("silent for 1 s");
        }
    }

    @Test
    void anEnd_isSeen_whetherProperOrNot() throws Exception {
        try (Listener listener = listen(encrypting, PATIENCE)) {
            for (boolean isProper : new boolean[] {true, false}) {
                TimedChannel near = connect(listener.port(), encrypting);
                TimedChannel far = admitted();
                Wire wire = near.release();
                if (isProper) {
                    wire.shutdownOutput();
                } else {
                    wire.close();
                }
                ByteBuffer one = ByteBuffer.allocate(1);
                assertThatThrownBy(() -> far.readFully(one, Deadline.after(PATIENCE)))
                        .isInstanceOf(EOFException.class);
                if (isProper) { // the other direction is still open
                    far.writeFully(ByteBuffer.allocate(1), Deadline.after(PATIENCE));
                    await().until(() -> wire.read(one.clear()) == 1);
                }
                wire.close();
                far.close();
            }
        }
    }

    @Test
    void aWriterTakesNothing_untilTheSocketHasAllOfIt() throws Exception {
        try (Listener listener = listen(encrypting, PATIENCE);
                TimedChannel near = connect(listener.port(), encrypting);
                TimedChannel far = admitted()) {
            Wire wire = near.release();
            byte[] sent = new byte[16 << 20];
            new Random(5).nextBytes(sent);
            ByteBuffer source = ByteBuffer.wrap(sent);
            int last = 1;
            while (last > 0) {
                int before = source.position();
                last = wire.write(source);
                assertThat(source.position()).isEqualTo(before + last);
            }
            assertThat(source.hasRemaining()).as("a socket that is full").isTrue();
            Thread writer = new Thread(() -> writeRest(wire, source), "writer");
            writer.start();
            ByteBuffer received = ByteBuffer.allocate(sent.length);
            far.readFully(received, Deadline.after(PATIENCE));
            writer.join(PATIENCE.toMillis());
            assertThat(received.array()).isEqualTo(sent);
            wire.close();
        }
    }

    private static void writeRest(Wire wire, ByteBuffer source) {
        try {
            while (source.hasRemaining()) {
                if (wire.write(source) == 0) {
                    Thread.onSpinWait();
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
