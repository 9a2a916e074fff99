package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.net.InetAddresses;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RendezvousNameTest {

    @ParameterizedTest
    @CsvSource({
        "jhorovod-0.jhorovod:29400, jhorovod-0.jhorovod, 29400",
        "Größe_1.example.:1, Größe_1.example., 1",
        "10.0.0.1:65535, 10.0.0.1, 65535",
        "[fd00::1]:80, fd00::1, 80",
        "fd00::1:80, fd00::1, 80",
        "[fe80::1%eth0]:80, fe80::1%eth0, 80",
    })
    void nameAndPort_areReadWithoutALookUp(String text, String host, int port) {
        assertThat(RendezvousName.parse(text)).isEqualTo(new RendezvousName(host, port));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "host",
                ":80",
                "host:",
                "host:0",
                "host:65536",
                "host:x",
                "a b:80",
                "-a:80",
                "http://host:80",
                "host:80:90",
                "[host]x:80",
                "[fd00::1:80",
                "10.0.0.256:80",
                "1:80"
            })
    void whatIsMalformed_isRefused(String text) {
        assertThatThrownBy(() -> RendezvousName.parse(text))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll(
                        "JHOROVOD_RENDEZVOUS is '" + text + "'", "must be host:port");
    }

    @Test
    void address_isItself() throws UnknownHostException {
        assertThat(RendezvousName.parse("[::1]:80").resolve())
                .isEqualTo(new InetSocketAddress(InetAddresses.forString("::1"), 80));
        assertThat(RendezvousName.parse("nobody-knows.invalid:80").unresolved().isUnresolved())
                .isTrue();
    }
}
