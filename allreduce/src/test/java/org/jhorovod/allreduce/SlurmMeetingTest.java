package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.TestCertificates;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tasks of one srun as threads, with the variables that Slurm gives them. */
@Timeout(60)
class SlurmMeetingTest {
    private static final int RANKS = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final ExecutorService ranks = Executors.newCachedThreadPool();
    @TempDir Path folder;

    @AfterEach
    void end() {
        ranks.shutdownNow();
    }

    @Test
    void ranks_meetAtOneStore_andLeaveNothingInTheFolder() throws Exception {
        List<StoreConnection> connections = meet("20");
        assertThat(connections).hasSize(RANKS);
        connections.get(0).store().set("key", new byte[] {7}, PATIENCE);
        for (int rank = 0; rank < RANKS; rank++) {
            assertThat(connections.get(rank).store().get("key", PATIENCE)).contains(new byte[] {7});
            Topology place = connections.get(rank).assignment().topology();
            assertThat(place.rank()).isEqualTo(rank);
            assertThat(place.host()).isEqualTo(rank < 2 ? "n1" : "n2");
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void ranks_meet_thoughAJobOfThatNameHasLeftItsInvitation() throws Exception {
        leaveOldInvitation();
        assertThat(meet("20")).hasSize(RANKS);
        assertThat(folder).isEmptyDirectory();
    }

    private void leaveOldInvitation() throws Exception {
        try (ServerSocket closed = new ServerSocket(0)) {
            InvitationFile file = new InvitationFile(folder, "test-12-0-0");
            file.write(
                    new Invitation(
                            Secret.random(),
                            closed.getLocalPort(),
                            List.of(InetAddress.getLoopbackAddress())));
        }
    }

    @Test
    void ranksWithACertificate_meet_andLeaveItOutOfTheFolder() throws Exception {
        InvitationFile file = new InvitationFile(folder, "test-12-0-0");
        Secret secret = Secret.random().with(TestCertificates.ONE);
        file.write(new Invitation(secret, 1, List.of(InetAddress.getLoopbackAddress())));
        assertThat(Files.readString(file.path())).doesNotContain("PRIVATE KEY");
        assertThat(meet("20", "JHOROVOD_TLS_FILE", certificate()))
                .hasSize(RANKS)
                .allMatch(connection -> connection.assignment().secret().isEncrypting());
    }

    @Test
    void rankWithoutTheCertificateOfRank0_saysWhatItLacks() throws Exception {
        Configuration first = configuration(0, "4", "JHOROVOD_TLS_FILE", certificate());
        Future<StoreConnection> rank0 = ranks.submit(() -> StoreConnection.join(first));
        assertThatThrownBy(() -> StoreConnection.join(configuration(2, "2")))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll(
                        "the other end uses TLS, but this end does not", "JHOROVOD_TLS_FILE");
        assertThatThrownBy(() -> rank0.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .hasMessageContaining("waited 4 s for rank 1");
    }

    private String certificate() throws IOException {
        Path file = Files.createDirectory(folder.resolve("keys")).resolve("job.pem");
        Files.writeString(file, Secret.random().with(TestCertificates.ONE).encoded());
        return file.toString();
    }

    @Test
    void certificateThatCannotBeRead_isToldWithItsFile() {
        Configuration configuration = configuration(2, "1", "JHOROVOD_TLS_FILE", "/no/such");
        assertThatThrownBy(() -> HostedStore.open(Topology.alone("n1"), configuration))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll("JHOROVOD_TLS_FILE cannot be used", "/no/such");
    }

    @Test
    void rankWithoutWordOfRank0_saysWhereItLooked_andWhatToSet() {
        assertThatThrownBy(() -> StoreConnection.join(configuration(2, "1")))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll(
                        "rank 2 on n2 could not join the job",
                        "for 1 s (JHOROVOD_START_TIMEOUT_SECONDS)",
                        folder.resolve("test-12-0-0") + " was not there",
                        "JHOROVOD_MEETING_FOLDER");
    }

    @Test
    void rankThatDoesNotReachRank0_saysWhichAddressesItTried() throws Exception {
        leaveOldInvitation();
        assertThatThrownBy(() -> StoreConnection.join(configuration(2, "1")))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll("named addresses that cannot be reached", "127.0.0.1");
    }

    @Test
    void rank0WithoutAFolder_saysWhatToSet() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        Configuration configuration =
                configuration(0, "1", "JHOROVOD_MEETING_FOLDER", file.resolve("in").toString());
        assertThatThrownBy(() -> StoreConnection.join(configuration))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll(
                        "rank 0 on n1 cannot leave word for the other ranks in " + file,
                        "set JHOROVOD_MEETING_FOLDER");
    }

    @Test
    void rank0WhoseOthersStayAway_saysSo_andTakesTheInvitationAway() {
        assertThatThrownBy(() -> StoreConnection.join(configuration(0, "1")))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("waited 1 s for rank 1 to join the job of 3 ranks");
        assertThat(folder).isEmptyDirectory();
    }

    /** What the ranks reach, in their order. */
    private List<StoreConnection> meet(String startTimeout, String... changes) throws Exception {
        List<Future<StoreConnection>> joining = new ArrayList<>();
        for (int rank = RANKS - 1; rank >= 0; rank--) {
            Configuration configuration = configuration(rank, startTimeout, changes);
            joining.add(0, ranks.submit(() -> StoreConnection.join(configuration)));
        }
        List<StoreConnection> connections = new ArrayList<>();
        for (Future<StoreConnection> each : joining) {
            connections.add(each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        }
        return connections;
    }

    private Configuration configuration(int rank, String startTimeout, String... changes) {
        Map<String, String> environment =
                new HashMap<>(
                        Map.of(
                                "SLURM_CLUSTER_NAME", "test",
                                "SLURM_JOB_ID", "12",
                                "SLURM_STEP_ID", "0",
                                "SLURM_STEP_NUM_TASKS", "3",
                                "SLURM_STEP_NODELIST", "n[1-2]",
                                "SLURM_STEP_TASKS_PER_NODE", "2,1",
                                "SLURM_PROCID", String.valueOf(rank),
                                "SLURM_LOCALID", String.valueOf(rank % 2),
                                "SLURM_NODEID", String.valueOf(rank / 2)));
        environment.put("JHOROVOD_MEETING_FOLDER", folder.toString());
        environment.put("JHOROVOD_START_TIMEOUT_SECONDS", startTimeout);
        for (int i = 0; i < changes.length; i += 2) {
            environment.put(changes[i], changes[i + 1]);
        }
        return Configuration.from(name -> null, environment::get);
    }
}
