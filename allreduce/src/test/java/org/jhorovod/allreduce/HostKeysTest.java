package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jhorovod.allreduce.collective.Topology;
import org.junit.jupiter.api.Test;

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

    private static Topology place(
            int rank, int localRank, int localSize, int crossRank, int crossSize) {
        return new Topology(rank, 5, localRank, localSize, crossRank, crossSize, "h");
    }
}
