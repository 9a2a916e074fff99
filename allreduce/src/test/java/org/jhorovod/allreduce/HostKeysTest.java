package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.rendezvous.MemoryStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class HostKeysTest {

    @Test
    void topology_countsRanksOfAHostAndHostsOfALocalRank_howeverRanksAreDealt() {
        List<String> byNode = List.of("a", "b", "a", "c", "a");

        assertThat(HostKeys.topology(0, byNode, "h")).isEqualTo(place(0, 0, 3, 0, 3));
        assertThat(HostKeys.topology(1, byNode, "h")).isEqualTo(place(1, 0, 1, 1, 3));
        assertThat(HostKeys.topology(2, byNode, "h")).isEqualTo(place(2, 1, 3, 0, 1));
        assertThat(HostKeys.topology(3, byNode, "h")).isEqualTo(place(3, 0, 1, 2, 3));
        assertThat(HostKeys.topology(4, byNode, "h")).isEqualTo(place(4, 2, 3, 0, 1));
    }

    @Test
    void exchange_whenARankStaysAway_saysSo_afterTheStartTimeout() {
        try (MemoryStore store = new MemoryStore()) {
            HostKeys keys = new HostKeys(store, 0, Duration.ofSeconds(1));
            Topology self = new Topology(0, 2, 0, 1, 0, 2, "h");
            assertThatThrownBy(() -> keys.exchange(self, "node"))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("waited 1 s for rank 1 to join the job of 2 ranks");
        }
    }

    private static Topology place(
            int rank, int localRank, int localSize, int crossRank, int crossSize) {
        return new Topology(rank, 5, localRank, localSize, crossRank, crossSize, "h");
    }
}
