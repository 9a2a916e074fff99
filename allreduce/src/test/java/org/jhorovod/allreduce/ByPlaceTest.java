package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.conformance.ConformanceCases;
import org.jhorovod.allreduce.conformance.ConformanceGroup;
import org.jhorovod.allreduce.conformance.ConformanceRank;
import org.jhorovod.allreduce.conformance.Outcome;
import org.jhorovod.allreduce.conformance.RankProcesses;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which way an all-reduce takes, and what a tensor of several slices comes to. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ByPlaceTest {
    private static final String BY_PLACE = "tcp, unix inside hosts";

    private static Configuration configuration(String allReduce) {
        return Configuration.of(
                Map.of(Settings.ALLREDUCE, allReduce, Settings.OPERATION_TIMEOUT, "20"));
    }

    @ParameterizedTest(name = "{0}: hosts of {1} ranks, {2}")
    @CsvSource({
        "auto, 2 2, 'tcp, unix inside hosts'",
        "auto, 2 1, 'tcp, unix inside hosts'",
        "auto, 1 1 1 1, tcp",
        "auto, 4, shm",
        "ring, 2 2, tcp",
        "hierarchical, 2 2, 'tcp, unix inside hosts'",
        "hierarchical, 1 1, tcp",
        "hierarchical, 2, shm",
    })
    void theWayFollowsTheHosts_unlessItIsSet(String choice, String hosts, String transports) {
        int[] localSizes = List.of(hosts.split(" ")).stream().mapToInt(Integer::parseInt).toArray();
        List<Topology> ranks = PretendedHosts.of(localSizes);
        try (InProcessCluster cluster = PretendedHosts.start(ranks, configuration(choice))) {
            assertThat(cluster.run(Communicator::transportName)).containsOnly(transports);
            assertThat(cluster.run(ByPlaceTest::sumOfRanks))
                    .containsOnly(ranks.size() * (ranks.size() - 1) / 2);
        }
    }

    private static int sumOfRanks(Communicator c) {
        HostTensor tensor = HostTensor.allocate(DataType.INT32, 1);
        tensor.buffers().get(0).putInt(c.rank());
        c.allReduce("rank", tensor, ReduceOp.SUM);
        return tensor.buffers().get(0).getInt();
    }

    @Test
    void ranksThatAreDealtOutOneHostAfterAnother_goByPlaceToo() {
        List<Topology> ranks =
                List.of(
                        new Topology(0, 4, 0, 2, 0, 2, "a"),
                        new Topology(1, 4, 0, 2, 1, 2, "b"),
                        new Topology(2, 4, 1, 2, 0, 2, "a"),
                        new Topology(3, 4, 1, 2, 1, 2, "b"));
        try (InProcessCluster cluster = PretendedHosts.start(ranks, configuration("auto"))) {
            assertThat(cluster.run(Communicator::transportName)).containsOnly(BY_PLACE);
            assertThat(cluster.run(ByPlaceTest::sumOfRanks)).containsOnly(6);
        }
    }

    @Test
    void numbersThatDoNotFitTogether_leaveTheRing_andAreAnErrorWhereByPlaceIsAskedFor() {
        List<Topology> ranks =
                List.of(
                        new Topology(0, 3, 0, 2, 0, 2, "a"),
                        new Topology(1, 3, 0, 2, 1, 2, "a"),
                        new Topology(2, 3, 1, 2, 0, 2, "b"));
        try (InProcessCluster cluster = PretendedHosts.start(ranks, configuration("auto"))) {
            assertThat(cluster.run(Communicator::transportName)).containsOnly("tcp");
            assertThat(cluster.run(ByPlaceTest::sumOfRanks)).containsOnly(3);
        }
        assertThatThrownBy(() -> PretendedHosts.start(ranks, configuration("hierarchical")).close())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll("JHOROVOD_ALLREDUCE", "local and cross ranks", "ring");
    }

    /** The last rank is alone on its host, and so the only carrier there. */
    @Test
    void theDeathOfACarriersProcess_isToldToAllOthers() throws IOException, InterruptedException {
        List<Topology> ranks = PretendedHosts.of(2, 1);
        RankProcesses processes =
                new RankProcesses(
                        InetAddress.getLoopbackAddress(),
                        ConformanceRank.class.getName(),
                        List.of("-Djhorovod.allreduce=hierarchical"),
                        rank -> place(ranks.get(rank)));
        ConformanceGroup group = new ConformanceGroup(3, List.of(ConformanceCases.named("dies")));
        assertThat(processes.run(group))
                .extracting(Outcome::line)
                .containsExactly("CASE dies ok", "CASE dies ok");
    }

    private static Map<String, String> place(Topology rank) {
        return Map.of(
                "JHOROVOD_LOCAL_RANK", String.valueOf(rank.localRank()),
                "JHOROVOD_LOCAL_SIZE", String.valueOf(rank.localSize()),
                "JHOROVOD_CROSS_RANK", String.valueOf(rank.crossRank()),
                "JHOROVOD_CROSS_SIZE", String.valueOf(rank.crossSize()));
    }

    /** A slice ends at 16 MiB; one element more, and an uneven end. */
    @ParameterizedTest(name = "hosts of {0} ranks")
    @CsvSource({"2 1", "2 2", "2 3"})
    void aTensorOfSeveralSlices_isReducedWhole(String hosts) {
        int[] localSizes = List.of(hosts.split(" ")).stream().mapToInt(Integer::parseInt).toArray();
        List<Topology> ranks = PretendedHosts.of(localSizes);
        long count = (16L << 20) / Long.BYTES + 70_001;
        try (InProcessCluster cluster = PretendedHosts.start(ranks, configuration("auto"))) {
            List<HostTensor> results =
                    cluster.run(
                            c -> {
                                HostTensor tensor = indices(count, c.rank());
                                c.allReduce("tensor", tensor, ReduceOp.AVERAGE);
                                return tensor;
                            });
            for (HostTensor result : results) {
                assertThat(result.buffers()).isEqualTo(results.get(0).buffers());
            }
            // Rank r contributes 2r at each index, which is n - 1 on average over n ranks.
            assertThat(distinctDifferences(results.get(0), indices(count, 0)))
                    .containsExactly(ranks.size() - 1L);
        }
    }

    private static HostTensor indices(long count, int rank) {
        HostTensor tensor = HostTensor.allocate(DataType.INT64, count);
        for (long i = 0; i < count; i++) {
            tensor.view(i * Long.BYTES, Long.BYTES).putLong(i + 2L * rank);
        }
        return tensor;
    }

    private static long[] distinctDifferences(HostTensor a, HostTensor b) {
        return LongStream.range(0, a.elementCount())
                .map(i -> i * Long.BYTES)
                .map(i -> a.view(i, Long.BYTES).getLong() - b.view(i, Long.BYTES).getLong())
                .distinct()
                .toArray();
    }
}
