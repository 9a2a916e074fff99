package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreException;
import org.jhorovod.allreduce.rendezvous.TcpStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Strangers at the rendezvous of a running job. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StrangerIT {
    private static final Pattern RENDEZVOUS = Pattern.compile("rendezvous=([\\d.]+):(\\d+)\\.");
    private static final int HELLO_BYTES = 38;
    private static final int MAGIC = 0x4a485644;

    @Test
    void strangersChangeNothingForTheJob_andEachKindIsLoggedOnce() throws Exception {
        try (Jhorovodrun run =
                RankJava.of(2, AnsweringProgram.class)
                        .with("JHOROVOD_HANDSHAKE_TIMEOUT_SECONDS", "1")
                        .start()) {
            run.awaitOut("rendezvous=");
            Matcher place = RENDEZVOUS.matcher(run.out());
            assertThat(place.find()).as(run.out()).isTrue();
            InetSocketAddress address =
                    new InetSocketAddress(place.group(1), Integer.parseInt(place.group(2)));
            for (int time = 0; time < 2; time++) {
                knock(address);
            }
            await().untilAsserted(() -> assertThat(run.err()).contains("silent for 1 s"));
            run.input().write("go on\n".getBytes(StandardCharsets.UTF_8));
            run.input().flush();
            Jhorovodrun.Result result = run.await();
            assertThat(result.code()).as(result.err()).isZero();
            assertThat(result.sortedLines()).contains("[0]<stdout>:done", "[1]<stdout>:done");
            assertThat(result.err())
                    .containsOnlyOnce("does not know the job's secret")
                    .containsOnlyOnce("protocol version 99, this end 2")
                    .containsOnlyOnce("does not speak JHorovod's protocol")
                    .containsOnlyOnce("closed before it had proved")
                    .containsOnlyOnce("silent for 1 s");
        }
    }

    private static void knock(InetSocketAddress address) throws IOException {
        Identity rank1 = new Identity(Identity.Purpose.STORE, 0, 1);
        assertThatThrownBy(
                        () ->
                                TcpStore.connect(
                                        address, Secret.random(), rank1, Duration.ofSeconds(5)))
                .isInstanceOf(StoreException.class);
        byte[] otherVersion =
                ByteBuffer.allocate(HELLO_BYTES).putInt(MAGIC).putShort((short) 99).array();
        send(address, otherVersion);
        byte[] random = new byte[HELLO_BYTES];
        new Random(5).nextBytes(random);
        send(address, random);
        new Socket(address.getAddress(), address.getPort()).close();
        // Held open, and silent, until the launcher closes it.
        try (Socket silent = new Socket(address.getAddress(), address.getPort())) {
            assertThat(silent.getInputStream().read()).isEqualTo(-1);
        }
    }

    private static void send(InetSocketAddress address, byte[] bytes) throws IOException {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.getOutputStream().write(bytes);
            socket.getInputStream().readAllBytes();
        }
    }
}
