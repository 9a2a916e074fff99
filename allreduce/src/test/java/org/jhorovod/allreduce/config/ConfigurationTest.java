package org.jhorovod.allreduce.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
                        "JHOROVOD_TRANSPORT is 'pigeon', but must be: auto, shm, tcp, unix",
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

    /** Others can read a process's command line. */
    @Test
    void theSecretIsNotTakenFromASystemProperty_whichCountsAsUnknown() {
        Configuration configuration =
                Configuration.from(Map.of("jhorovod.secret", "seen by all")::get, name -> null);

        assertThat(configuration.find(Settings.SECRET)).isEmpty();
        assertThat(Settings.unknown(List.of("jhorovod.secret", "JHOROVOD_SECRET")))
                .containsExactly("jhorovod.secret");
    }

    @Test
    void theHostOfARankOfMpirun_isEmpty_whenMpirunDoesNotSay() {
        Map<String, String> environment = new HashMap<>(MPIRUN);
        assertThat(hostOf(environment)).isEmpty();

        environment.put("OMPI_MCA_orte_local_daemon_uri", "1;tcp://10.0.0.1:5");
        assertThat(hostOf(environment)).contains("1;tcp://10.0.0.1:5");
    }

    private static Optional<String> hostOf(Map<String, String> environment) {
        return Configuration.from(name -> null, environment::get)
                .mpirun()
                .flatMap(MpirunOptions::host);
    }

    @Test
    void aBlankValueCountsAsNotSet() {
        Configuration configuration =
                Configuration.from(name -> null, Map.of("JHOROVOD_TRANSPORT", " ")::get);
        assertThat(configuration.get(Settings.TRANSPORT)).isEqualTo(Settings.TransportChoice.AUTO);
    }

    private static final Map<String, String> MPIRUN =
            Map.of(
                    "OMPI_COMM_WORLD_RANK", "3",
                    "OMPI_COMM_WORLD_SIZE", "6",
                    "OMPI_COMM_WORLD_LOCAL_RANK", "1",
                    "OMPI_COMM_WORLD_LOCAL_SIZE", "2");

    @Test
    void aRankOfMpirunFindsItsPlace_inOpenMpisVariables() {
        Configuration configuration = Configuration.from(name -> null, MPIRUN::get);

        assertThat(configuration.get(Settings.RANK)).isEqualTo(3);
        assertThat(configuration.get(Settings.SIZE)).isEqualTo(6);
        assertThat(configuration.get(Settings.LOCAL_RANK)).isEqualTo(1);
        assertThat(configuration.get(Settings.LOCAL_SIZE)).isEqualTo(2);
        assertThat(configuration.mpirun()).isPresent();
    }

    @Test
    void ourOwnVariablesWin_whereJhorovodrunRunsUnderMpirun() {
        Map<String, String> environment = new HashMap<>(MPIRUN);
        environment.put("JHOROVOD_RANK", "0");
        environment.put("JHOROVOD_SIZE", "2");
        Configuration configuration = Configuration.from(name -> null, environment::get);

        assertThat(configuration.get(Settings.RANK)).isEqualTo(0);
        assertThat(configuration.get(Settings.SIZE)).isEqualTo(2);
        assertThat(configuration.find(Settings.LOCAL_RANK)).isEmpty();
    }

    @Test
    void aFaultInOpenMpisVariables_isReportedByTheirNames() {
        Map<String, String> environment = new HashMap<>(MPIRUN);
        environment.put("OMPI_COMM_WORLD_SIZE", "many");
        assertThatThrownBy(() -> Configuration.from(name -> null, environment::get))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("OMPI_COMM_WORLD_SIZE is 'many'");
    }

    @Test
    void aLibraryFolderWithoutAPath_isLeftOut_andTheOthersAreNot() {
        Map<String, String> environment = Map.of("LD_LIBRARY_PATH", "/a:/b\0c:/d");
        assertThat(Configuration.from(name -> null, environment::get).libraryFolders())
                .containsExactly(Path.of("/a"), Path.of("/d"));
    }
}
