package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.jhorovod.allreduce.rendezvous.JobCertificate;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rank 0 has a public address; ranks 1 and 2 are each behind a router that lets nothing in, with
 * the same private address.
 */
@Timeout(120)
class NatIT {
    private static final Duration END = Duration.ofSeconds(60);

    @TempDir static Path folder;
    private static NatNetwork network;

    @BeforeAll
    static void makeNetwork() throws Exception {
        network = NatNetwork.create(2, folder);
    }

    @AfterAll
    static void removeNetwork() throws Exception {
        if (network != null) {
            network.close();
        }
    }

    @Test
    void training_behindTwoRouters_givesTheModelOfOneHost(@TempDir Path models) throws Exception {
        Path there = models.resolve("there");
        Job job = new Job(4711, Secret.random(), List.of(0, 1, 2));
        List<Jhorovodrun.Result> ranks = job.run(CnnProgram.class, there.toString());
        StringBuilder out = new StringBuilder();
        ranks.forEach(rank -> out.append(rank.out()));
        new CnnRun(out.toString(), there)
                .assertModelOf(
                        CnnRun.here(3, models),
                        "rank 0 of 3, local 0 of 1, cross 0 of 3",
                        "rank 1 of 3, local 0 of 1, cross 1 of 3",
                        "rank 2 of 3, local 0 of 1, cross 2 of 3");
        assertThat(ranks.get(0).err()).doesNotContain("behind NAT");
        assertThat(ranks.get(1).err()).contains("rank 1", "behind NAT", "10.139.0.11");
        assertThat(ranks.get(2).err())
                .contains("rank 2", "behind NAT", "10.139.0.12", "cannot reach rank 1");
    }

    /** Rank 3 is on the host of rank 1, and so near it. */
    @Test
    void ranks_behindTwoRouters_meetAgainAndAgain_encrypted() throws Exception {
        Secret secret = Secret.random().with(JobCertificate.create());
        Job job = new Job(4712, secret, List.of(0, 1, 2, 1));
        List<Jhorovodrun.Result> ranks = job.run(MeetingProgram.class);
        for (Jhorovodrun.Result rank : ranks) {
            assertThat(rank.out()).contains("time 1 size 4 sum 6", "time 3 size 4 sum 6");
        }
        assertThat(ranks.get(3).err())
                .contains("cannot reach rank 2")
                .doesNotContain("cannot reach rank 1");
    }

    @Test
    void aRankBehindARouterThatDies_isNamedByAll() throws Exception {
        assertNamedWhenKilled(1, 4713);
    }

    @Test
    void theRankThatRelays_isNamed_whenItDies() throws Exception {
        assertNamedWhenKilled(0, 4714);
    }

    private static void assertNamedWhenKilled(int lost, int port) throws Exception {
        Job job = new Job(port, Secret.random(), List.of(0, 1, 2));
        List<Programs.Running> ranks = job.start(HostProgram.class, "on-alone");
        try {
            for (Programs.Running rank : ranks) {
                Awaitility.await().atMost(END).until(() -> rank.out().contains("sum 3"));
            }
            ranks.get(lost).kill();
            for (int rank = 0; rank < ranks.size(); rank++) {
                Jhorovodrun.Result result = ranks.get(rank).await(END);
                assertThat(result.code()).isNotZero();
                if (rank != lost) {
                    assertThat(result.err())
                            .containsPattern(
                                    "PeerLostException: Rank %d .*is lost".formatted(lost));
                }
            }
        } finally {
            close(ranks);
        }
    }

    /**
     * A job whose rank 0 hosts the store.
     *
     * @param hosts of the ranks
     */
    private record Job(int port, Secret secret, List<Integer> hosts) {

        /** Runs it to its good end. */
        List<Jhorovodrun.Result> run(Class<?> program, String... arguments) throws Exception {
            List<Programs.Running> ranks = start(program, arguments);
            try {
                List<Jhorovodrun.Result> results = new ArrayList<>();
                for (Programs.Running rank : ranks) {
                    results.add(rank.await(END));
                }
                assertThat(results)
                        .allSatisfy(result -> assertThat(result.code()).as(result.err()).isZero());
                return results;
            } finally {
                close(ranks);
            }
        }

        List<Programs.Running> start(Class<?> program, String... arguments) throws IOException {
            Path file = Files.writeString(folder.resolve("secret" + port), secret.encoded());
            List<Programs.Running> ranks = new ArrayList<>();
            for (int rank = 0; rank < hosts.size(); rank++) {
                List<String> words =
                        new ArrayList<>(
                                List.of(
                                        "env",
                                        "OMP_NUM_THREADS=1",
                                        "JHOROVOD_RANK=" + rank,
                                        "JHOROVOD_SIZE=" + hosts.size(),
                                        "JHOROVOD_RENDEZVOUS=" + NatNetwork.PUBLIC + ":" + port,
                                        "JHOROVOD_SECRET_FILE=" + file));
                words.addAll(RankJava.command("", program.getName(), arguments));
                ranks.add(Programs.start(network.words(hosts.get(rank), words)));
            }
            return ranks;
        }
    }

    private static void close(List<Programs.Running> ranks) throws IOException {
        for (Programs.Running rank : ranks) {
            rank.close();
        }
    }
}
