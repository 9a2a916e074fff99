package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class ThisHostTest {

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "127.0.0.1", "::1", "127.0.0.5"})
    void loopback_isThisHost(String name) {
        assertThat(ThisHost.isMeantBy(name)).isTrue();
    }

    @Test
    void ownName_isThisHost() {
        assertThat(ThisHost.isMeantBy(ThisHost.name())).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.1", "2001:db8::1", "none.invalid", "somebody@localhost"})
    void others_areNot(String name) {
        assertThat(ThisHost.isMeantBy(name)).isFalse();
    }

    @Test
    void addresses_ofTheNamedInterface_onlyThese() throws IOException {
        assertThat(ThisHost.addresses(Optional.of("lo"))).startsWith("127.0.0.1");
    }

    @Test
    void unknownInterface_isNamed_withThoseThatThereAre() {
        assertThatThrownBy(() -> ThisHost.addresses(Optional.of("wlan77")))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("'wlan77'", "this host has:", "lo");
    }
}
