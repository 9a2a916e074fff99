package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
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
        assertThat(LostReport.decode(report).lostRank()).isEqualTo(1);
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
