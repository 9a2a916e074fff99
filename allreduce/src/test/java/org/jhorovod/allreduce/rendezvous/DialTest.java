package org.jhorovod.allreduce.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls that nobody takes up. */
@Timeout(30)
class DialTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int CALLS = 100;
    private static final int MORE_THAN_WAIT = 8;

    /** A port of this host that was free a moment ago. */
    private static InetSocketAddress nobody() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
        }
    }

    private static long openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }

    @Test
    void failedCalls_leaveNoFileOpen() throws IOException {
        InetAddress here = InetAddress.getLoopbackAddress();
        List<SocketChannel> waiting = new ArrayList<>();
        try (ServerSocket busy = new ServerSocket(0, 1, here)) {
            InetSocketAddress address = new InetSocketAddress(here, busy.getLocalPort());
            for (int i = 0; i < MORE_THAN_WAIT; i++) { // nobody takes these up
                SocketChannel channel = SocketChannel.open();
                waiting.add(channel);
                channel.configureBlocking(false);
                channel.connect(address);
            }
            long before = openFiles();

            for (int call = 0; call < CALLS; call++) {
                assertThatThrownBy(
                                () ->
                                        TimedChannel.connect(
                                                address, Deadline.after(Duration.ofMillis(1))))
                        .isInstanceOf(SocketTimeoutException.class);
            }

            assertThat(openFiles()).isLessThan(before + CALLS / 2);
        } finally {
            for (SocketChannel channel : waiting) {
                channel.close();
            }
        }
    }

    @Test
    void interruptedRank_callsTheStoreNoMore() throws IOException {
        InetSocketAddress nobody = nobody();
        Identity rank = new Identity(Identity.Purpose.STORE, 0, 1);
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> TcpStore.connect(nobody, Secret.random(), rank, LONG))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("rendezvous at " + nobody);
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }
    }
}
