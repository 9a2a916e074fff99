package org.jhorovod.allreduce;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreServer;
import org.jhorovod.allreduce.rendezvous.TcpStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Ranks as threads that were given several addresses of one store. It listens at all addresses of
 * the loopback; an address that a rank cannot reach is one where nobody listens, or a stranger.
 */
@Timeout(60)
class CommonAddressTest {
    private static final Duration HANDSHAKE = Duration.ofSeconds(5);
    private static final String FIRST = "127.0.0.2";
    private static final String SECOND = "127.0.0.3";
    private static final String THIRD = "127.0.0.4";

    private final Secret secret = Secret.random();
    private StoreServer store;
    private int closedPort;

    @BeforeEach
    void openStore() throws IOException {
        store = StoreServer.open(new InetSocketAddress(0), secret, HANDSHAKE);
        try (ServerSocket socket = new ServerSocket(0)) {
            closedPort = socket.getLocalPort();
        }
    }

    @AfterEach
    void closeStore() throws IOException {
        store.close();
    }

    @Test
    void ranksThatReachAll_takeTheFirst() throws Exception {
        List<InetSocketAddress> all = List.of(open(FIRST), open(SECOND));
        assertThat(settle("10", List.of(all, all, all))).containsOnly(open(FIRST)).hasSize(3);
    }

    /** A rank beside the store reaches it by addresses that mean nothing elsewhere. */
    @Test
    void addressThatOneRankCannotReach_isTakenByNone() throws Exception {
        List<InetSocketAddress> all = List.of(open(FIRST), open(SECOND), open(THIRD));
        List<InetSocketAddress> notFirst = List.of(closed(FIRST), open(SECOND), open(THIRD));
        List<InetSocketAddress> lastOnly = List.of(open(FIRST), closed(SECOND), open(THIRD));
        assertThat(settle("10", List.of(all, notFirst))).containsOnly(open(SECOND)).hasSize(2);
        assertThat(settle("10", List.of(all, notFirst, lastOnly)))
                .containsOnly(open(THIRD))
                .hasSize(3);
    }

    @Test
    void addressWhereAStrangerListens_isTakenByNone() throws Exception {
        try (StoreServer stranger =
                StoreServer.open(new InetSocketAddress(FIRST, 0), Secret.random(), HANDSHAKE)) {
            List<InetSocketAddress> all = List.of(open(FIRST), open(SECOND));
            List<InetSocketAddress> misled =
                    List.of(new InetSocketAddress(FIRST, stranger.port()), open(SECOND));
            assertThat(settle("10", List.of(all, misled))).containsOnly(open(SECOND)).hasSize(2);
        }
    }

    @Test
    void ranksWithoutACommonAddress_areToldAll() {
        List<InetSocketAddress> first = List.of(open(FIRST), closed(SECOND));
        List<InetSocketAddress> second = List.of(closed(FIRST), open(SECOND));
        assertThatThrownBy(() -> settle("10", List.of(first, second)))
                .hasRootCauseInstanceOf(StartException.class)
                .rootCause()
                .hasMessageContainingAll(
                        "could not join the job: the ranks have none in common",
                        FIRST,
                        SECOND,
                        "firewalls",
                        "--network-interface");
    }

    @Test
    void rankThatReachesNone_isToldSo() {
        List<InetSocketAddress> none = List.of(closed(FIRST), closed(SECOND));
        assertThatThrownBy(() -> settle(assignment(1, 2), none, configuration("2")))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll("rank 1", "it reaches none of", FIRST, SECOND);
    }

    @Test
    void rankWhoseOthersStayAway_isToldSo_afterTheStartTimeout() {
        List<InetSocketAddress> all = List.of(open(FIRST), open(SECOND));
        assertThatThrownBy(() -> settle(assignment(0, 2), all, configuration("1")))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll(
                        "Rank 0", "waited 1 s for rank 1 to join the job of 2 ranks");
    }

    @Test
    void rankWhoseOtherIsGone_isToldSo_longBeforeTheStartTimeout() throws Exception {
        Assignment assignment = assignment(0, 2);
        Identity launcher = new Identity(Identity.Purpose.STORE, 0, 2);
        try (TcpStore client = TcpStore.connect(open(FIRST), secret, launcher, HANDSHAKE)) {
            client.set(
                    Keys.gone(0, 1), "its process exited with code 7".getBytes(UTF_8), HANDSHAKE);
            List<InetSocketAddress> all = List.of(open(FIRST), open(SECOND));
            assertThatThrownBy(() -> settle(assignment, all, configuration("600")))
                    .isInstanceOf(PeerLostException.class)
                    .hasMessageContainingAll(
                            "Rank 1 is lost: its process exited with code 7", "rank 0");
        }
    }

    private InetSocketAddress open(String address) {
        return new InetSocketAddress(InetAddresses.forString(address), store.port());
    }

    private InetSocketAddress closed(String address) {
        return new InetSocketAddress(InetAddresses.forString(address), closedPort);
    }

    /** Where ranks with these candidates end up, in rank order. */
    private List<InetSocketAddress> settle(
            String startTimeoutSeconds, List<List<InetSocketAddress>> candidatesOfRanks)
            throws Exception {
        int size = candidatesOfRanks.size();
        ExecutorService ranks = Executors.newFixedThreadPool(size);
        try {
            List<Future<InetSocketAddress>> settled = new ArrayList<>();
            for (int rank = 0; rank < size; rank++) {
                Assignment assignment = assignment(rank, size);
                List<InetSocketAddress> candidates = candidatesOfRanks.get(rank);
                settled.add(
                        ranks.submit(
                                () ->
                                        settle(
                                                assignment,
                                                candidates,
                                                configuration(startTimeoutSeconds))));
            }
            List<InetSocketAddress> found = new ArrayList<>();
            for (Future<InetSocketAddress> each : settled) {
                found.add(each.get(30, TimeUnit.SECONDS));
            }
            return found;
        } finally {
            ranks.shutdownNow();
        }
    }

    private static InetSocketAddress settle(
            Assignment assignment,
            List<InetSocketAddress> candidates,
            Configuration configuration) {
        return CommonAddress.settle(assignment, candidates, configuration).rendezvous();
    }

    private static Configuration configuration(String startTimeoutSeconds) {
        return Configuration.of(Map.of(Settings.START_TIMEOUT, startTimeoutSeconds));
    }

    private Assignment assignment(int rank, int size) {
        Topology place = new Topology(rank, size, 0, 1, rank, size, "host" + rank);
        return new Assignment(place, 0, open(FIRST), secret);
    }
}
