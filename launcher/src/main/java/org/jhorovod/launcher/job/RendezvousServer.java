package org.jhorovod.launcher.job;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreServer;
import org.jhorovod.allreduce.timeline.RunSummary;
import org.jhorovod.allreduce.timeline.SummaryPost;

/**
 * The store in which the ranks meet, and the secret that opens it. Safe for use by several threads.
 */
final class RendezvousServer implements AutoCloseable {
    private static final byte[] LOOPBACK = {127, 0, 0, 1};
    static final String LOOPBACK_ADDRESS = "127.0.0.1";

    private final StoreServer server;
    private final Secret secret;
    private final int generation;

    private RendezvousServer(StoreServer server, Secret secret, int generation) {
        this.server = server;
        this.secret = secret;
        this.generation = generation;
    }

    /** Serves on some port that only this host reaches. */
    static RendezvousServer openHere(int generation, Secret secret, Duration handshakeTimeout)
            throws IOException {
        return open(InetAddress.getByAddress(LOOPBACK), generation, secret, handshakeTimeout);
    }

    /** Serves on some port of all addresses of this host, of both families. */
    static RendezvousServer openToAll(int generation, Secret secret, Duration handshakeTimeout)
            throws IOException {
        return open(new InetSocketAddress(0).getAddress(), generation, secret, handshakeTimeout);
    }

    private static RendezvousServer open(
            InetAddress address, int generation, Secret secret, Duration handshakeTimeout)
            throws IOException {
        InetSocketAddress anyPort = new InetSocketAddress(address, 0);
        return new RendezvousServer(
                StoreServer.open(anyPort, secret, handshakeTimeout), secret, generation);
    }

    int port() {
        return server.port();
    }

    Secret secret() {
        return secret;
    }

    /** Leaves word that a rank has ended, for those that still wait for it. */
    void tellGone(int rank, String how) {
        byte[] value = how.getBytes(StandardCharsets.UTF_8);
        server.store().compareAndSet(Keys.gone(generation, rank), null, value, Duration.ZERO);
    }

    /** Whether any rank has come. */
    boolean hasMetAny() {
        return server.hasServed();
    }

    /** Whom the ranks have lost, by the rank that says so. */
    Map<Integer, LostReport> reports(int size) {
        Map<Integer, LostReport> reports = new TreeMap<>();
        for (int rank = 0; rank < size; rank++) {
            Optional<LostReport> report =
                    server.store()
                            .get(Keys.lost(generation, rank), Duration.ZERO)
                            .flatMap(LostReport::decode);
            if (report.isPresent()) {
                reports.put(rank, report.get());
            }
        }
        return reports;
    }

    /** What rank 0 has told of the run last, if it was asked to. */
    Optional<RunSummary> summary() {
        return new SummaryPost(server.store(), generation).find();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
