package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.jhorovod.allreduce.rendezvous.MemoryStore;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a rank is told when the others do not come. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class FormationTest {
    private final MemoryStore store = new MemoryStore();
    private final Secret secret = Secret.random();
    private final Configuration configuration =
            Configuration.of(Map.of(Settings.START_TIMEOUT, "2"));

    private Formation formation() {
        Membership membership =
                new Membership(
                        Topology.onOneHost(0, 2, "here"),
                        0,
                        store,
                        Secret.random(),
                        InetAddress.getLoopbackAddress());
        return new Formation(membership, configuration, 0);
    }

    @Test
    void aRankThatNeverComes_isNamedAfterTheStartTimeout_andReported() {
        assertThatThrownBy(() -> formation().form(new BackendSelection(configuration)))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll("Rank 0 on here", "rank 1", "2 s", "--start-timeout");
        byte[] report = store.await(Keys.lost(0, 0), Duration.ofSeconds(1));
        assertThat(LostReport.decode(report).map(LostReport::lostRank)).hasValue(1);
    }

    @Test
    void anAddressThatCannotBeRead_isSaidToBeThatRanks() {
        String key = Keys.meeting(0, 0, 0, "address");
        store.set(key, "99999999 ::1 OPEN 0 there".getBytes(StandardCharsets.UTF_8), Duration.ZERO);
        Topology self = Topology.onOneHost(1, 2, "here");
        assertThatThrownBy(() -> form(self, configuration))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll("rank 0", "malformed address", "99999999");
    }

    @Test
    void waysOfAnAllReduceThatDiffer_areNamed_onBothRanks() {
        CompletableFuture<Throwable> auto = failureOf(0, "auto");
        CompletableFuture<Throwable> ring = failureOf(1, "ring");

        assertThat(auto.join())
                .isInstanceOf(StartException.class)
                .hasMessageContaining("JHOROVOD_ALLREDUCE is auto on rank 0, but ring on rank 1");
        assertThat(ring.join())
                .isInstanceOf(StartException.class)
                .hasMessageContaining("JHOROVOD_ALLREDUCE is ring on rank 1, but auto on rank 0");
    }

    private CompletableFuture<Throwable> failureOf(int rank, String allReduce) {
        Topology self = new Topology(rank, 2, 0, 1, rank, 2, "host" + rank);
        Configuration own =
                Configuration.of(
                        Map.of(Settings.START_TIMEOUT, "10", Settings.ALLREDUCE, allReduce));
        return CompletableFuture.supplyAsync(() -> catchThrowable(() -> form(self, own)));
    }

    private void form(Topology self, Configuration own) {
        Membership membership =
                new Membership(self, 0, store, secret, InetAddress.getLoopbackAddress());
        new Formation(membership, own, 0).form(new BackendSelection(own)).close();
    }

    @Test
    void aRankThatDiedBefore_isNamedAtOnce() {
        byte[] how = "its process was killed".getBytes(StandardCharsets.UTF_8);
        store.set(Keys.gone(0, 1), how, Duration.ZERO);
        long start = System.nanoTime();
        assertThatThrownBy(() -> formation().form(new BackendSelection(configuration)))
                .isInstanceOf(PeerLostException.class)
                .hasMessageContainingAll("Rank 1", "killed");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
    }
}
