package org.jhorovod.launcher.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class HostfileFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "h1 slots=2\n# nothing\nh2:3 max_slots = 4\n",
                        "[fd00::2]:1\r\nme@h3 max-slots=2 slots=1 # two",
                        "a\nA")
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aFile_isRefusedByName_orHostsThatComeBackAsTheyWere(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        List<HostSlots> hosts;
        try {
            hosts = Hostfile.parse("file", text.lines().toList());
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageStartingWith("file");
            return;
        }
        List<String> lines =
                hosts.stream().map(host -> host.host() + " slots=" + host.slots()).toList();
        assertThat(Hostfile.parse("file", lines)).isEqualTo(hosts);
    }
}
