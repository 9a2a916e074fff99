package org.jhorovod.launcher.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class HostListFuzzTest {

    private static String word(HostSlots host) {
        int name = host.host().indexOf('@') + 1;
        String address = host.host().substring(name);
        String shown = address.contains(":") ? "[" + address + "]" : address;
        return host.host().substring(0, name) + shown + ":" + host.slots();
    }

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "h1:2,h2", "me@[fd00::2]:4,fd00::3, 10.0.0.1:1", "[fe80::1%eth0]:3,a_b-c.d")
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aText_isRefused_orHostsThatComeBackAsTheyWere(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        List<HostSlots> hosts;
        try {
            hosts = HostList.parse(text);
        } catch (IllegalArgumentException e) {
            assertThat(e).hasNoCause();
            return;
        }
        String again = hosts.stream().map(HostListFuzzTest::word).collect(Collectors.joining(","));
        assertThat(HostList.parse(again)).isEqualTo(hosts);
    }
}
