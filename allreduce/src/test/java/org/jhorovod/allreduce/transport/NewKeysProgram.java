package org.jhorovod.allreduce.transport;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.Security;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.rendezvous.Connections;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.JobCertificate;
import org.jhorovod.allreduce.rendezvous.Listener;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.TimedChannel;
import org.jhorovod.allreduce.rendezvous.TlsWire;

/**
 * Two ends of an encrypted ring that take new keys after each MiB, where the JDK does so after 128
 * GiB: the limit is one of the process.
 */
public final class NewKeysProgram {
    private static final int BYTES = 8 << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private NewKeysProgram() {}

    /** Sends bytes both ways around, and says whether they arrived. */
    public static void main(String[] arguments) throws Exception {
        Security.setProperty("jdk.tls.keyLimits", "AES/GCM/NoPadding KeyUpdate 2^20");
        Secret secret = Secret.random().with(JobCertificate.create());
        var arrivals = new LinkedBlockingQueue<TimedChannel>();
        InetAddress here = InetAddress.getLoopbackAddress();
        try (Listener listener =
                Listener.open(
                        new InetSocketAddress(here, 0),
                        secret,
                        PATIENCE,
                        (identity, channel) -> arrivals.add(channel))) {
            TlsWire[] dialled = new TlsWire[2];
            TlsWire[] accepted = new TlsWire[2];
            for (int rank = 0; rank < 2; rank++) {
                dialled[rank] =
                        (TlsWire)
                                Connections.open(
                                                new InetSocketAddress(here, listener.port()),
                                                secret,
                                                new Identity(Identity.Purpose.DATA, 0, rank),
                                                Deadline.after(PATIENCE))
                                        .release();
                TimedChannel arrived = arrivals.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                accepted[1 - rank] = (TlsWire) arrived.release();
            }
            CompletableFuture<Boolean> other =
                    CompletableFuture.supplyAsync(() -> exchange(dialled[1], accepted[1]));
            boolean isRight = exchange(dialled[0], accepted[0]);
            boolean isOtherRight = other.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            System.out.println(isRight && isOtherRight ? "all arrived" : "some did not arrive");
        }
    }

    private static boolean exchange(TlsWire next, TlsWire previous) {
        byte[] sent = new byte[BYTES];
        new Random(3).nextBytes(sent);
        ByteBuffer source = ByteBuffer.wrap(sent);
        ByteBuffer target = ByteBuffer.allocate(BYTES);
        Deadline deadline = Deadline.after(PATIENCE);
        try (TlsRingLinks links = new TlsRingLinks(next, previous)) {
            while ((source.hasRemaining() || target.hasRemaining()) && !deadline.isOver()) {
                int moved = source.hasRemaining() ? links.write(source) : 0;
                moved += target.hasRemaining() ? Math.max(0, links.read(target)) : 0;
                if (moved == 0) {
                    links.awaitReady(
                            target.hasRemaining(),
                            source.hasRemaining(),
                            deadline.remainingNanos());
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return Arrays.equals(target.array(), sent);
    }
}
