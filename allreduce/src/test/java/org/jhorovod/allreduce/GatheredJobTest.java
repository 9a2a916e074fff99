package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jhorovod.allreduce.GatheredJob.Gathering;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.TestCertificates;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GatheredJobTest {
    private static final int SIZE = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** What threads tell each other, by rank. */
    private final AtomicReferenceArray<String> told = new AtomicReferenceArray<>(SIZE);

    private final CyclicBarrier all = new CyclicBarrier(SIZE);

    @Test
    void ranksThatGather_meetInOneStore_andKnowThatTheyShareAHost() throws Exception {
        Secret secret = Secret.random();
        List<String> seen = onAllRanks(rank -> greeting(rank, secret));
        assertThat(seen).containsOnly("from rank 0").hasSize(SIZE);
    }

    @Test
    void ranksThatGather_meetOverTls_whereTheirSecretHasACertificate() throws Exception {
        Secret secret = Secret.random().with(TestCertificates.ONE);
        List<String> seen = onAllRanks(rank -> greeting(rank, secret));
        assertThat(seen).containsOnly("from rank 0").hasSize(SIZE);
    }

    private String greeting(int rank, Secret secret) {
        try (GatheredJob job = GatheredJob.meet(rank, SIZE, secret, gathering(rank))) {
            Membership membership = job.membership();
            Topology self = membership.topology();
            assertThat(self)
                    .as("rank %d", rank)
                    .isEqualTo(Topology.onOneHost(rank, SIZE, self.host()));
            if (rank == 0) {
                byte[] text = "from rank 0".getBytes(StandardCharsets.UTF_8);
                membership.store().set("greeting", text, PATIENCE);
            }
            byte[] greeting = membership.store().await("greeting", PATIENCE);
            gathering(rank).allGather("done"); // rank 0 hosts the store until all have read it
            return new String(greeting, StandardCharsets.UTF_8);
        }
    }

    @Test
    void secret_isNotAmongWhatIsGathered() throws Exception {
        Secret secret = Secret.random();
        List<String> lines =
                onAllRanks(
                        rank -> {
                            List<String> gathered = new ArrayList<>();
                            Gathering recorded =
                                    line -> {
                                        gathered.add(line);
                                        return gathering(rank).allGather(line);
                                    };
                            try (GatheredJob job = GatheredJob.meet(rank, SIZE, secret, recorded)) {
                                assertThat(job.membership().topology().rank()).isEqualTo(rank);
                                awaitAll(); // rank 0 hosts the store until all have met
                            }
                            return String.join("\n", gathered);
                        });
        assertThat(lines).hasSize(SIZE).noneMatch(line -> line.contains(secret.encoded()));
    }

    @Test
    void gatheringThatMissesARank_isAStartErrorThatNamesTheRank() {
        assertThatThrownBy(() -> GatheredJob.meet(1, 2, Secret.random(), List::of))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll("Rank 1 of 2", "1 ranks told their hosts, not 2");
    }

    @Test
    void rank0ThatTellsNoAddress_isAStartErrorThatSaysSo() {
        assertThatThrownBy(
                        () ->
                                GatheredJob.meet(
                                        1,
                                        2,
                                        Secret.random(),
                                        line -> List.of("host0 29400 nowhere", line)))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll("Rank 1 of 2", "rank 0 told no address of the store");
    }

    private Gathering gathering(int rank) {
        return line -> {
            told.set(rank, line);
            awaitAll();
            List<String> lines = new ArrayList<>();
            for (int i = 0; i < SIZE; i++) {
                lines.add(told.get(i));
            }
            awaitAll();
            return lines;
        };
    }

    private void awaitAll() {
        try {
            all.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private interface OnRank {
        String run(int rank);
    }

    private static List<String> onAllRanks(OnRank body) throws Exception {
        ExecutorService ranks = Executors.newFixedThreadPool(SIZE);
        try {
            List<Future<String>> running = new ArrayList<>();
            for (int rank = 0; rank < SIZE; rank++) {
                int self = rank;
                running.add(ranks.submit(() -> body.run(self)));
            }
            List<String> results = new ArrayList<>();
            for (Future<String> each : running) {
                results.add(each.get(30, TimeUnit.SECONDS));
            }
            return results;
        } finally {
            ranks.shutdownNow();
        }
    }
}
