package org.jhorovod.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class RankVariablesTest {

    @Test
    void onlySettings_travelByThemselves() {
        Map<String, String> environment =
                Map.of(
                        "JHOROVOD_TRANSPORT", "tcp",
                        "JHOROVOD_SEED", "",
                        "JHOROVOD_RANK", "7",
                        "JHOROVOD_SECRET_FILE", "/secret",
                        "JHOROVOD_BOGUS", "1",
                        "AWS_SECRET_ACCESS_KEY", "hidden",
                        "PATH", "/bin");
        assertThat(given(RankVariables.of(List.of(), environment)))
                .isEqualTo(Map.of("JHOROVOD_TRANSPORT", "tcp", "JHOROVOD_SEED", ""));
    }

    @Test
    void namedVariables_haveTheirValueHere_orTheOneGiven() {
        List<String> words = List.of("HERE", "EMPTY", "GIVEN=a b=c", "CLEARED=", "_x1=1");
        Map<String, String> environment = Map.of("HERE", "1", "EMPTY", "", "GIVEN", "other");
        assertThat(given(RankVariables.of(words, environment)))
                .isEqualTo(
                        Map.of(
                                "HERE", "1",
                                "EMPTY", "",
                                "GIVEN", "a b=c",
                                "CLEARED", "",
                                "_x1", "1"));
    }

    @Test
    void commandLine_beatsTheEnvironment() {
        Map<String, String> environment =
                Map.of("JHOROVOD_TRANSPORT", "unix", "JHOROVOD_START_TIMEOUT_SECONDS", "60");
        RankVariables variables = RankVariables.of(List.of("JHOROVOD_TRANSPORT=tcp"), environment);
        variables.put(Settings.START_TIMEOUT, "7");
        assertThat(given(variables))
                .isEqualTo(
                        Map.of("JHOROVOD_TRANSPORT", "tcp", "JHOROVOD_START_TIMEOUT_SECONDS", "7"));
        assertThat(variables.get("JHOROVOD_TRANSPORT")).isEqualTo("tcp");
    }

    private static Map<String, String> given(RankVariables variables) {
        Map<String, String> environment = new HashMap<>();
        EnvironmentChange.apply(variables.changes(), environment);
        return environment;
    }
}
