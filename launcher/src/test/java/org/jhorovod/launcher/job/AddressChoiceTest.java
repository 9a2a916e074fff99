package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jhorovod.launcher.agent.AddressTrial;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class AddressChoiceTest {

    @Test
    void choice_isTheFirstAddress_thatAllReach() {
        assertThat(choose("a: x+ y+ z+", "b: x- y+ z+")).isEqualTo(Map.of("a", "y", "b", "y"));
    }

    @Test
    void choice_isWhatMostReach_whereNoneIsCommon() {
        assertThat(choose("a: x+ y+", "b: x- y+", "c: x- y+", "d: x+ y-"))
                .isEqualTo(Map.of("a", "y", "b", "y", "c", "y", "d", "x"));
    }

    @Test
    void host_thatReachesNone_hasNoChoice() {
        assertThat(choose("a: x+ y+", "b: x- y-")).isEqualTo(Map.of("a", "x"));
    }

    @Test
    void failure_namesAddressesPortAndRemedy() {
        assertThat(AddressChoice.explainFailure(trials("x- y-"), 4711))
                .contains("x (refused), y (refused), port 4711")
                .contains("firewall", "--network-interface");
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.1, 10.0.0.1:80", "fd00::2, [fd00::2]:80"})
    void address_withPort_isUnambiguous(String address, String expected) {
        assertThat(AddressChoice.withPort(address, 80)).isEqualTo(expected);
    }

    private static Map<String, String> choose(String... hosts) {
        Map<String, List<AddressTrial>> trials = new LinkedHashMap<>();
        for (String host : hosts) {
            String[] parts = host.split(": ", 2);
            trials.put(parts[0], trials(parts[1]));
        }
        return AddressChoice.choose(trials);
    }

    private static List<AddressTrial> trials(String words) {
        return Stream.of(words.split(" "))
                .map(w -> new AddressTrial(w.substring(0, 1), w.endsWith("+") ? null : "refused"))
                .toList();
    }
}
