package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class PublishedAddressFuzzTest {
    private static final InetAddress OWN = InetAddresses.forString("fe80::1");

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "4711 10.0.0.1 OPEN 1 host one",
                        "1 fe80::17 BEHIND_NAT -7 h",
                        "65535 ::ffff:1.2.3.4 CLOSED 0 ")
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aText_isRefused_orAnAddressThatComesBackAsItWas(byte[] bytes) throws IOException {
        String text = new String(bytes, StandardCharsets.UTF_8);
        PublishedAddress address;
        try {
            address = PublishedAddress.decode(text, OWN);
        } catch (IOException e) {
            return;
        }
        assertThat(PublishedAddress.decode(address.encode(), OWN)).isEqualTo(address);
    }
}
