package org.jhorovod.djl.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NearHostsTest {
    private static final long NEAR = 3;

    @Test
    void hosts_areOneSite_ifTheyAreNearEachOther() {
        long[][] roundTrips = {
            {0, 20, 1, 20},
            {20, 0, 20, 2},
            {1, 20, 0, 20},
            {20, 2, 20, 0},
        };
        assertThat(NearHosts.sites(roundTrips, NEAR)).containsExactly(0, 1, 0, 1);
    }

    @Test
    void hostNearToAnyOfASite_belongsToIt() {
        long[][] roundTrips = {
            {0, 9, 9, 3},
            {9, 0, 9, 9},
            {9, 9, 0, 3},
            {3, 9, 3, 0},
        };
        assertThat(NearHosts.sites(roundTrips, NEAR)).containsExactly(0, 1, 0, 0);
    }

    @Test
    void longerWay_counts() {
        long[][] roundTrips = {{0, 1}, {9, 0}};
        assertThat(NearHosts.sites(roundTrips, NEAR)).containsExactly(0, 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 16, 17})
    void everyHost_meetsEachOtherOnce_andOneATurn(int hosts) {
        Set<List<Integer>> met = new HashSet<>();
        for (int turn = 0; turn < NearHosts.turns(hosts); turn++) {
            List<Integer> partners = new ArrayList<>();
            for (int host = 0; host < hosts; host++) {
                int partner = NearHosts.partner(host, turn, hosts);
                assertThat(NearHosts.partner(partner, turn, hosts)).isEqualTo(host);
                partners.add(partner);
                if (partner != host) {
                    assertThat(met.add(List.of(host, partner)))
                            .as("%d, %d", host, partner)
                            .isTrue();
                }
            }
            assertThat(partners).doesNotHaveDuplicates();
        }
        assertThat(met).hasSize(hosts * (hosts - 1));
    }
}
