package org.jhorovod.allreduce.rendezvous;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** What a stranger sends, over a connection of its own. */
class HandshakeFuzzTest {
    private static final Secret SECRET = Secret.of("a secret of this test");

    private static byte[] hello(short version, int moreBytes) {
        return ByteBuffer.allocate(38 + moreBytes).putInt(0x4a485644).putShort(version).array();
    }

    static Stream<byte[]> seeds() {
        return Stream.of(
                hello(Handshake.VERSION, Identity.BYTES + Secret.PROOF_BYTES),
                hello((short) 99, 0),
                new byte[38]);
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aStranger_isRefused_whateverItSays(byte[] bytes) throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (SocketChannel stranger = SocketChannel.open(server.getLocalAddress());
                    TimedChannel accepted = new TimedChannel(server.accept())) {
                stranger.configureBlocking(false);
                stranger.write(ByteBuffer.wrap(bytes));
                stranger.shutdownOutput();
                Deadline deadline = Deadline.after(Duration.ofSeconds(30));
                assertThatThrownBy(() -> Handshake.accept(accepted, SECRET, who -> true, deadline))
                        .isInstanceOfAny(HandshakeException.class, EOFException.class);
            }
        }
    }
}
