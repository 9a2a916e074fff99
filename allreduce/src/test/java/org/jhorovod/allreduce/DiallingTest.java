package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jhorovod.allreduce.Dialling.between;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DiallingTest {

    @ParameterizedTest(name = "{0} to {1}")
    @CsvSource({
        "OPEN, OPEN, USUAL",
        "OPEN, BEHIND_NAT, REVERSED",
        "OPEN, CLOSED, REVERSED",
        "BEHIND_NAT, OPEN, USUAL",
        "BEHIND_NAT, BEHIND_NAT, NEAR_OR_RELAYED",
        "BEHIND_NAT, CLOSED, RELAYED",
        "CLOSED, OPEN, USUAL",
        "CLOSED, BEHIND_NAT, NEAR_OR_RELAYED",
        "CLOSED, CLOSED, RELAYED",
    })
    void theUsualRankConnects_unlessOnlyTheOtherCan(Access usual, Access other, Dialling expected) {
        assertThat(between(usual, other)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(Access.class)
    void aRankThatNobodyCanConnectTo_isNotConnectedToDirectly(Access usual) {
        assertThat(between(usual, Access.CLOSED)).isIn(Dialling.REVERSED, Dialling.RELAYED);
    }
}
