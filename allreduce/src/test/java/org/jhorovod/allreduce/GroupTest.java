package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jhorovod.allreduce.collective.Topology;
import org.junit.jupiter.api.Test;

/** How the members of a group are named. */
class GroupTest {
    private static final Topology RANK_2 = new Topology(2, 4, 0, 2, 1, 2, "host2");

    @Test
    void aGroupOfAllRanks_namesThemAsTheJobDoes() {
        Group lane = Group.job(RANK_2).part("lane", List.of(0, 1, 2, 3));
        assertThat(lane.named(RANK_2)).isEqualTo(RANK_2);
    }

    @Test
    void aPart_saysTheJobsNumberOfAMember_whereItIsAnother() {
        Group part = Group.job(RANK_2).part("upper", List.of(2, 3));
        Topology place = new Topology(0, 2, 0, 2, 0, 1, "host2");
        assertThat(part.named(place).host()).isEqualTo("host2 (rank 2 of the job)");
    }
}
