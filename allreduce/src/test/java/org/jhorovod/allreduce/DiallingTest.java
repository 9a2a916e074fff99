package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jhorovod.allreduce.Dialling.between;
import static org.jhorovod.allreduce.Dialling.isBothWays;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DiallingTest {

    @ParameterizedTest(name = "{0} to {1}")
    @CsvSource({
        "OPEN, OPEN, USUAL, USUAL",
        "OPEN, BEHIND_NAT, REVERSED, REVERSED",
        "OPEN, CLOSED, REVERSED, REVERSED",
        "BEHIND_NAT, OPEN, USUAL, USUAL",
        "BEHIND_NAT, BEHIND_NAT, NEAR_OR_RELAYED, NEAR_OR_RELAYED",
        "BEHIND_NAT, CLOSED, RELAYED, NEAR_OR_RELAYED",
        "CLOSED, OPEN, USUAL, USUAL",
        "CLOSED, BEHIND_NAT, NEAR_OR_RELAYED, NEAR_OR_RELAYED",
        "CLOSED, CLOSED, RELAYED, NEAR_OR_RELAYED",
    })
    void theUsualRankConnects_unlessOnlyTheOtherCan(
            Access usual, Access other, Dialling betweenHosts, Dialling onOneHost) {
        assertThat(between(usual, other, false)).isEqualTo(betweenHosts);
        assertThat(between(usual, other, true)).isEqualTo(onOneHost);
    }

    @ParameterizedTest(name = "{0} and {1}")
    @CsvSource({
        "OPEN, OPEN, true, true, true",
        "OPEN, BEHIND_NAT, false, false, true",
        "BEHIND_NAT, BEHIND_NAT, true, false, true",
        "CLOSED, BEHIND_NAT, false, false, true",
        "CLOSED, CLOSED, false, false, true",
    })
    void bothCanConnect_ifTheyAreOpenOrNear(
            Access one, Access other, boolean near, boolean distant, boolean onOneHost) {
        assertThat(isBothWays(one, other, false, false)).isEqualTo(near);
        assertThat(isBothWays(one, other, false, true)).isEqualTo(distant);
        assertThat(isBothWays(one, other, true, false)).isEqualTo(onOneHost);
        assertThat(isBothWays(other, one, true, false)).isEqualTo(onOneHost);
    }

    @ParameterizedTest
    @EnumSource(Access.class)
    void aRankThatNobodyCanConnectTo_isNotConnectedToFromOtherHosts(Access usual) {
        assertThat(between(usual, Access.CLOSED, false)).isIn(Dialling.REVERSED, Dialling.RELAYED);
    }
}
