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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
                        "JHOROVOD_BALANCE", "perhaps",
                        "JHOROVOD_LIVENESS_TIMEOUT_SECONDS", "-1",
                        "JHOROVOD_RANK", "3",
                        "JHOROVOD_SIZE", "2");
        assertThatThrownBy(() -> Configuration.from(name -> null, environment::get))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll(
                        "JHOROVOD_TRANSPORT is 'pigeon', but must be: auto, shm, tcp, unix",
                        "JHOROVOD_BALANCE is 'perhaps', but must be: true, false",
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

    private static final Map<String, String> SRUN =
            Map.of(
                    "SLURM_PROCID", "3",
                    "SLURM_STEP_NUM_TASKS", "5",
                    "SLURM_LOCALID", "1",
                    "SLURM_NODEID", "1",
                    "SLURM_STEP_NODELIST", "n[07-08],m",
                    "SLURM_STEP_TASKS_PER_NODE", "2(x2),1",
                    "SLURM_JOB_ID", "12",
                    "SLURM_STEP_ID", "0",
                    "SLURM_CLUSTER_NAME", "big/one");

    private static Configuration srun(String... changes) {
        Map<String, String> environment = new HashMap<>(SRUN);
        for (int i = 0; i < changes.length; i += 2) {
            environment.put(changes[i], changes[i + 1]);
        }
        return Configuration.from(name -> null, environment::get);
    }

    @Test
    void aTaskOfSrunFindsItsPlace_inSlurmsVariables() {
        Configuration configuration = srun("HOME", "/home/me");

        assertThat(configuration.get(Settings.RANK)).isEqualTo(3);
        assertThat(configuration.get(Settings.SIZE)).isEqualTo(5);
        assertThat(configuration.get(Settings.LOCAL_RANK)).isEqualTo(1);
        assertThat(configuration.get(Settings.LOCAL_SIZE)).isEqualTo(2);
        assertThat(configuration.get(Settings.CROSS_RANK)).isEqualTo(1);
        assertThat(configuration.get(Settings.CROSS_SIZE)).isEqualTo(2);
        assertThat(configuration.get(Settings.HOST)).isEqualTo("n08");
        assertThat(configuration.find(Settings.RENDEZVOUS)).isEmpty();
        assertThat(configuration.slurmStep()).contains(new SlurmStep("big_one-12-0-0"));
        assertThat(configuration.meetingFolder()).hasToString("/home/me/.jhorovod");
    }

    @Test
    void aStepOfSrunThatStartsAgain_hasAnotherName() {
        assertThat(srun("SLURM_RESTART_COUNT", "2").slurmStep())
                .contains(new SlurmStep("big_one-12-2-0"));
    }

    @Test
    void ourOwnVariablesWin_whereJhorovodrunRunsUnderSrun() {
        Configuration configuration = srun("JHOROVOD_RANK", "0", "JHOROVOD_SIZE", "2");

        assertThat(configuration.get(Settings.SIZE)).isEqualTo(2);
        assertThat(configuration.find(Settings.LOCAL_RANK)).isEmpty();
        assertThat(configuration.find(Settings.HOST)).isEmpty();
    }

    @Test
    void mpirunWins_whereSrunHasStartedItsDaemons() {
        Map<String, String> environment = new HashMap<>(SRUN);
        environment.putAll(MPIRUN);
        Configuration configuration = Configuration.from(name -> null, environment::get);

        assertThat(configuration.get(Settings.SIZE)).isEqualTo(6);
        assertThat(configuration.slurmStep()).isEmpty();
    }

    /** A batch script has a rank and a number of tasks too, but is no task of a step. */
    @Test
    void aProgramInABatchScript_isAlone() {
        Map<String, String> environment = new HashMap<>(SRUN);
        environment.put("SLURM_NTASKS", "5");
        for (String ofStep : List.of("NUM_TASKS", "NODELIST", "TASKS_PER_NODE", "ID")) {
            environment.remove("SLURM_STEP_" + ofStep);
        }
        Configuration configuration = Configuration.from(name -> null, environment::get);

        assertThat(configuration.find(Settings.SIZE)).isEmpty();
        assertThat(configuration.slurmStep()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SLURM_PROCID|x|SLURM_PROCID is 'x', but must be: whole number from 0",
                "SLURM_PROCID|5|JHOROVOD_RANK is 5, but must be less than JHOROVOD_SIZE, which is"
                        + " 5",
                "SLURM_NODEID|-1|SLURM_NODEID is '-1', but must be: whole number from 0",
                "SLURM_NODEID|3|do not fit together, but must be of one step",
                "SLURM_STEP_NUM_TASKS|6|SLURM_STEP_NUM_TASKS=6 SLURM_LOCALID=1 SLURM_NODEID=1",
                "SLURM_STEP_NODELIST|n[07-08]|do not fit together",
                "SLURM_STEP_NODELIST|n[07|SLURM_STEP_NODELIST is 'n[07', but must be: nodes as",
                "SLURM_STEP_TASKS_PER_NODE|2(x2),x|(x' is no number of tasks)",
                "SLURM_STEP_TASKS_PER_NODE|2,1,2|do not fit together"
            })
    void aFaultInSlurmsVariables_isReportedByTheirNames(String name, String value, String message) {
        assertThatThrownBy(() -> srun(name, value))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(message.replace("(x'", "('x'"));
    }

    private static final Map<String, String> TRAIN_JOB =
            Map.of(
                    "PET_NODE_RANK", "1",
                    "PET_NNODES", "2",
                    "PET_NPROC_PER_NODE", "1",
                    "PET_MASTER_ADDR", "job-node-0-0.job",
                    "PET_MASTER_PORT", "29500");

    @Test
    void aPodOfATrainJobFindsItsPlace_andWhereToMeet() {
        Configuration configuration = Configuration.from(name -> null, TRAIN_JOB::get);

        assertThat(configuration.get(Settings.RANK)).isEqualTo(1);
        assertThat(configuration.get(Settings.SIZE)).isEqualTo(2);
        assertThat(configuration.get(Settings.RENDEZVOUS)).isEqualTo("job-node-0-0.job:29500");
        assertThat(configuration.find(Settings.CROSS_SIZE)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PET_NPROC_PER_NODE|4|PET_NPROC_PER_NODE is '4', but must be: 1. (Each pod is one",
                "PET_NNODES|1:4|PET_NNODES is '1:4', but must be: whole number from 1"
            })
    void aTrainJobThatCannotBeRun_isReportedByItsVariables(
            String name, String value, String message) {
        Map<String, String> environment = new HashMap<>(TRAIN_JOB);
        environment.put(name, value);
        assertThatThrownBy(() -> Configuration.from(key -> null, environment::get))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aPodOfAnIndexedJobFindsItsRank_whereTheSizeIsGiven() {
        Map<String, String> environment = new HashMap<>(Map.of("JOB_COMPLETION_INDEX", "3"));
        assertThat(rankOf(environment)).isEmpty();

        environment.put("JHOROVOD_SIZE", "4");
        assertThat(rankOf(environment)).contains(3);

        environment.put("JHOROVOD_RANK", "2");
        assertThat(rankOf(environment)).contains(2);
    }

    @Test
    void anIndexedJobWithMorePodsThanRanks_isRefused() {
        Map<String, String> environment = Map.of("JOB_COMPLETION_INDEX", "4", "JHOROVOD_SIZE", "4");
        assertThatThrownBy(() -> rankOf(environment))
                .hasMessageContaining("JHOROVOD_RANK is 4, but must be less than JHOROVOD_SIZE");
    }

    private static Optional<Integer> rankOf(Map<String, String> environment) {
        return Configuration.from(name -> null, environment::get).find(Settings.RANK);
    }

    @Test
    void aLibraryFolderWithoutAPath_isLeftOut_andTheOthersAreNot() {
        Map<String, String> environment = Map.of("LD_LIBRARY_PATH", "/a:/b\0c:/d");
        assertThat(Configuration.from(name -> null, environment::get).libraryFolders())
                .containsExactly(Path.of("/a"), Path.of("/d"));
    }

    @Test
    void shownValues_areAsTheUserHasWrittenThem_andNoSecretIsAmongThem() {
        Configuration configuration =
                Configuration.of(
                        Map.of(
                                Settings.NCCL_LIBRARIES, "/Opt/NCCL/libnccl.so",
                                Settings.TRANSPORT, "TCP",
                                Settings.STALL_WARNING, "1.5",
                                Settings.SECRET_FILE, "/Secret/File"));
        assertThat(configuration.shown())
                .contains(
                        new ShownSetting("JHOROVOD_NCCL_LIBRARIES", "/Opt/NCCL/libnccl.so", true),
                        new ShownSetting("JHOROVOD_TRANSPORT", "tcp", true),
                        new ShownSetting("JHOROVOD_STALL_WARNING_SECONDS", "1.5 s", true))
                .extracting(ShownSetting::name)
                .doesNotContain("JHOROVOD_SECRET_FILE");
    }
}
