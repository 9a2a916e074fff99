package org.jhorovod.allreduce.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConfigurationTest {

    @Test
    void aSystemPropertyWinsOverTheEnvironment_andThatOverTheDefault() {
        Map<String, String> properties = Map.of("jhorovod.liveness.timeout.seconds", "3");
        Map<String, String> environment =
                Map.of(
                        "JHOROVOD_LIVENESS_TIMEOUT_SECONDS", "4",
                        "JHOROVOD_OPERATION_TIMEOUT_SECONDS", "0.5");
        Configuration configuration = Configuration.from(properties::get, environment::get);
        assertThat(configuration.get(Settings.LIVENESS_TIMEOUT)).isEqualTo(Duration.ofSeconds(3));
        assertThat(configuration.get(Settings.OPERATION_TIMEOUT)).isEqualTo(Duration.ofMillis(500));
        assertThat(configuration.get(Settings.TRANSPORT)).isEqualTo(Settings.TransportChoice.AUTO);
        assertThat(configuration.find(Settings.RANK)).isEmpty();
    }

    @Test
    void allFaultsAreReportedTogether_withNameValueAndRange() {
        Map<String, String> environment =
                Map.of(
                        "JHOROVOD_TRANSPORT", "pigeon",
                        "JHOROVOD_LIVENESS_TIMEOUT_SECONDS", "-1",
                        "JHOROVOD_RANK", "3",
                        "JHOROVOD_SIZE", "2");
        assertThatThrownBy(() -> Configuration.from(name -> null, environment::get))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll(
                        "JHOROVOD_TRANSPORT is 'pigeon', but must be: auto, tcp, unix",
                        "JHOROVOD_LIVENESS_TIMEOUT_SECONDS is '-1'",
                        "JHOROVOD_RANK is 3, but must be less than JHOROVOD_SIZE, which is 2");
    }

    @Test
    void misspelledNamesAreFound() {
        assertThat(
                        Settings.unknown(
                                List.of(
                                        "PATH",
                                        "JHOROVOD_RANK",
                                        "JHOROVOD_LIVENES_TIMEOUT_SECONDS",
                                        "jhorovod.transport",
                                        "jhorovod.transprot")))
                .containsExactly("JHOROVOD_LIVENES_TIMEOUT_SECONDS", "jhorovod.transprot");
    }

    @Test
    void aBlankValueCountsAsNotSet() {
        Configuration configuration =
                Configuration.from(name -> null, Map.of("JHOROVOD_TRANSPORT", " ")::get);
        assertThat(configuration.get(Settings.TRANSPORT)).isEqualTo(Settings.TransportChoice.AUTO);
    }
}
