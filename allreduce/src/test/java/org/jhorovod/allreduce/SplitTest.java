package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.CommunicatorClosedException;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SplitTest {
    private static final Configuration SETTINGS =
            Configuration.of(
                    Map.of(Settings.OPERATION_TIMEOUT, "5", Settings.LIVENESS_TIMEOUT, "3"));

    private static HostTensor number(int value) {
        HostTensor tensor = HostTensor.allocate(DataType.INT32, 1);
        tensor.buffers().get(0).putInt(0, value);
        return tensor;
    }

    private static int sum(Communicator communicator, int value) {
        HostTensor tensor = number(value);
        communicator.allReduce("sum", tensor, ReduceOp.SUM);
        return tensor.buffers().get(0).getInt(0);
    }

    @Test
    void ranksOfOneColour_reduceAmongThemselves_andAreNumberedInTheirOrder() {
        try (InProcessCluster cluster = InProcessCluster.start(5)) {
            List<List<Integer>> found =
                    cluster.run(
                            c -> {
                                Communicator parity = c.split("parity", c.rank() % 2);
                                return List.of(
                                        parity.rank(), parity.size(), sum(parity, 1 << c.rank()));
                            });
            assertThat(found)
                    .containsExactly(
                            List.of(0, 3, 0b10101),
                            List.of(0, 2, 0b01010),
                            List.of(1, 3, 0b10101),
                            List.of(1, 2, 0b01010),
                            List.of(2, 3, 0b10101));
        }
    }

    @Test
    void aRankAloneInItsColour_hasACommunicatorOfOne() {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            assertThat(cluster.run(c -> sum(c.split("alone", c.rank()), c.rank())))
                    .containsExactly(0, 1, 2);
        }
    }

    @Test
    void ranksOfOneHost_shareMemory_andThoseOfSeveralDoNot() {
        try (InProcessCluster cluster = PretendedHosts.start(PretendedHosts.of(2, 3), SETTINGS)) {
            List<String> inside =
                    cluster.run(c -> c.split("host", c.rank() / 2).transportName()); // 01 23 4
            assertThat(inside).containsExactly("shm", "shm", "shm", "shm", "none");
            List<String> across =
                    cluster.run(c -> c.split("across", c.topology().localRank()).transportName());
            assertThat(across).containsExactly("tcp", "tcp", "tcp", "tcp", "none");
        }
    }

    @Test
    void byHost_theRanksOfEachHostAreAGroup() {
        try (InProcessCluster cluster = PretendedHosts.start(PretendedHosts.of(1, 3), SETTINGS)) {
            List<List<Integer>> found =
                    cluster.run(
                            c -> {
                                Communicator host = c.split("host", Communicator.BY_HOST);
                                return List.of(host.rank(), host.size());
                            });
            assertThat(found)
                    .containsExactly(List.of(0, 1), List.of(0, 3), List.of(1, 3), List.of(2, 3));
        }
    }

    @Test
    void byHostOnSomeRanksAlone_isAMismatch() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            assertThatThrownBy(
                            () ->
                                    cluster.run(
                                            c ->
                                                    c.split(
                                                            "mixed",
                                                            c.rank() == 0
                                                                    ? Communicator.BY_HOST
                                                                    : 1)))
                    .isInstanceOf(MismatchException.class)
                    .hasMessageContainingAll("'mixed'", "BY_HOST");
        }
    }

    @Test
    void aGroup_canBeDividedAgain() {
        try (InProcessCluster cluster = InProcessCluster.start(4)) {
            List<Integer> sums =
                    cluster.run(
                            c -> {
                                Communicator half = c.split("half", c.rank() / 2);
                                return sum(half.split("half", half.rank()), 10 + c.rank());
                            });
            assertThat(sums).containsExactly(10, 11, 12, 13);
        }
    }

    @Test
    void collectivesOfGroups_haveAnOrderOfTheirOwn() {
        try (InProcessCluster cluster = InProcessCluster.start(4)) {
            List<Boolean> right =
                    cluster.run(
                            c -> {
                                Communicator first = c.split("first", c.rank() / 2);
                                Communicator second = c.split("second", c.rank() % 2);
                                HostTensor a = number(1);
                                HostTensor b = number(10);
                                boolean isEven = c.rank() % 2 == 0;
                                CompletableFuture<Void> one =
                                        isEven
                                                ? first.allReduceAsync("a", a, ReduceOp.SUM)
                                                : second.allReduceAsync("b", b, ReduceOp.SUM);
                                CompletableFuture<Void> two =
                                        isEven
                                                ? second.allReduceAsync("b", b, ReduceOp.SUM)
                                                : first.allReduceAsync("a", a, ReduceOp.SUM);
                                first.await(isEven ? one : two);
                                second.await(isEven ? two : one);
                                return a.buffers().get(0).getInt(0) == 2
                                        && b.buffers().get(0).getInt(0) == 20;
                            });
            assertThat(right).containsOnly(true);
        }
    }

    @Test
    void aLostMember_isNamedByItsNumberInTheJobToo() {
        try (InProcessCluster cluster = PretendedHosts.start(PretendedHosts.of(2, 2), SETTINGS)) {
            List<Communicator> across = cluster.run(c -> c.split("across", c.rank() % 2));
            across.get(3).close();
            assertThatThrownBy(() -> across.get(1).barrier("gone"))
                    .isInstanceOf(PeerLostException.class)
                    .hasMessageContainingAll("ank 1", "(rank 3 of the job)");
            assertThat(IntStream.of(0, 2).mapToObj(across::get).toList())
                    .allSatisfy(Communicator::check);
        }
    }

    @Test
    void ranksThatSplitUnderOtherNames_areToldSo() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            assertThatThrownBy(() -> cluster.run(c -> c.split("of-" + c.rank(), 0)))
                    .isInstanceOf(MismatchException.class)
                    .hasMessageContaining("of-0/split");
        }
    }

    @Test
    void aColourBelowZero_isRefusedAtTheCall() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            assertThatThrownBy(() -> cluster.communicators().get(0).split("s", -2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("colour", "-2");
        }
    }

    @Test
    void theWhole_closesItsGroups() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            List<Communicator> groups = cluster.run(c -> c.split("s", 0));
            cluster.communicators().forEach(Communicator::close);
            assertThat(groups)
                    .allSatisfy(
                            group ->
                                    assertThatThrownBy(() -> group.barrier("late"))
                                            .isInstanceOf(CommunicatorClosedException.class));
        }
    }
}
