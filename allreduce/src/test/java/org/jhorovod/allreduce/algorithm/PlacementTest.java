package org.jhorovod.allreduce.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.transport.Ring;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Who shares a host, and what follows for an all-reduce. */
class PlacementTest {

    /** A rank's numbers; all hosts are called the same. */
    private static Topology rank(
            int rank, int size, int localRank, int localSize, int crossRank, int crossSize) {
        return new Topology(rank, size, localRank, localSize, crossRank, crossSize, "node");
    }

    static Stream<Arguments> placements() {
        return Stream.of(
                Arguments.of(
                        "2 hosts of 2",
                        List.of(
                                rank(0, 4, 0, 2, 0, 2),
                                rank(1, 4, 1, 2, 0, 2),
                                rank(2, 4, 0, 2, 1, 2),
                                rank(3, 4, 1, 2, 1, 2)),
                        List.of(List.of(0, 1), List.of(2, 3))),
                Arguments.of(
                        "3, 2 and 1",
                        List.of(
                                rank(0, 6, 0, 3, 0, 3),
                                rank(1, 6, 1, 3, 0, 2),
                                rank(2, 6, 2, 3, 0, 1),
                                rank(3, 6, 0, 2, 1, 3),
                                rank(4, 6, 1, 2, 1, 2),
                                rank(5, 6, 0, 1, 2, 3)),
                        List.of(List.of(0, 1, 2), List.of(3, 4), List.of(5))),
                Arguments.of(
                        "1 and 2",
                        List.of(
                                rank(0, 3, 0, 1, 0, 2),
                                rank(1, 3, 0, 2, 1, 2),
                                rank(2, 3, 1, 2, 0, 1)),
                        List.of(List.of(0), List.of(1, 2))),
                Arguments.of(
                        "ranks dealt out one host after another",
                        List.of(
                                rank(0, 4, 0, 2, 0, 2),
                                rank(1, 4, 0, 2, 1, 2),
                                rank(2, 4, 1, 2, 0, 2),
                                rank(3, 4, 1, 2, 1, 2)),
                        List.of(List.of(0, 2), List.of(1, 3))),
                Arguments.of(
                        "2 and 1, started by somebody who tells nothing of other hosts",
                        List.of(
                                rank(0, 3, 0, 2, 0, 3),
                                rank(1, 3, 1, 2, 1, 3),
                                rank(2, 3, 0, 1, 2, 3)),
                        List.of(List.of(0, 1), List.of(2))),
                Arguments.of(
                        "a rank a host",
                        List.of(rank(0, 2, 0, 1, 0, 2), rank(1, 2, 0, 1, 1, 2)),
                        List.of(List.of(0), List.of(1))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("placements")
    void ranksShareAHost_asTheirNumbersSay(
            String what, List<Topology> ranks, List<List<Integer>> hosts) {
        assertThat(Placement.of(ranks)).contains(new Placement(hosts));
    }

    static Stream<Arguments> contradictions() {
        return Stream.of(
                Arguments.of(
                        "two ranks at one place",
                        List.of(rank(0, 2, 0, 2, 0, 1), rank(1, 2, 0, 2, 0, 1))),
                Arguments.of(
                        "a host that is not full",
                        List.of(
                                rank(0, 3, 0, 2, 0, 2),
                                rank(1, 3, 0, 2, 1, 2),
                                rank(2, 3, 1, 2, 0, 2))),
                Arguments.of(
                        "cross sizes that differ",
                        List.of(rank(0, 2, 0, 1, 0, 1), rank(1, 2, 0, 1, 1, 2))),
                Arguments.of(
                        "local sizes that differ within a host",
                        List.of(
                                rank(0, 3, 0, 3, 0, 1),
                                rank(1, 3, 1, 2, 0, 1),
                                rank(2, 3, 2, 3, 0, 1))),
                Arguments.of(
                        "dealt out one host after another, by somebody who does not say how",
                        List.of(
                                rank(0, 4, 0, 2, 0, 4),
                                rank(1, 4, 0, 2, 1, 4),
                                rank(2, 4, 1, 2, 2, 4),
                                rank(3, 4, 1, 2, 3, 4))),
                Arguments.of(
                        "a last host that is not full, of which nothing is told",
                        List.of(
                                rank(0, 3, 0, 2, 0, 3),
                                rank(1, 3, 1, 2, 1, 3),
                                rank(2, 3, 0, 2, 2, 3))),
                Arguments.of(
                        "no local rank 0",
                        List.of(rank(0, 2, 1, 2, 0, 1), rank(1, 2, 1, 2, 0, 1))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("contradictions")
    void nothingIsKnown_whenTheNumbersDoNotFitTogether(String what, List<Topology> ranks) {
        assertThat(Placement.of(ranks)).isEmpty();
    }

    @Test
    void byPlaceDoesNotPay_onOneHost_norWithARankAHost() {
        assertThat(Hierarchy.of(new Placement(List.of(List.of(0, 1, 2, 3))), 1)).isEmpty();
        assertThat(Hierarchy.of(new Placement(List.of(List.of(0), List.of(1))), 1)).isEmpty();
    }

    @Test
    void eachLocalRankCarriesAShard_whenHostsAreEven() {
        Placement placement = new Placement(List.of(List.of(0, 1), List.of(2, 3), List.of(4, 5)));
        Hierarchy hierarchy = Hierarchy.of(placement, 3).orElseThrow();
        assertThat(hierarchy.carriers()).isEqualTo(2);
        assertThat(hierarchy.local().ranks()).containsExactly(2, 3);
        assertThat(hierarchy.local().position()).isEqualTo(1);
        assertThat(hierarchy.cross().map(Ring::ranks)).contains(List.of(1, 3, 5));
        assertThat(hierarchy.cross().map(Ring::position)).contains(1);
    }

    @Test
    void theSmallestHostSaysHowManyCarry_whenHostsAreUneven() {
        Placement placement = new Placement(List.of(List.of(0, 1, 2), List.of(3, 4)));
        for (int rank = 0; rank < 5; rank++) {
            assertThat(Hierarchy.of(placement, rank).orElseThrow().carriers()).isEqualTo(2);
        }
        assertThat(Hierarchy.of(placement, 4).flatMap(Hierarchy::cross).map(Ring::ranks))
                .contains(List.of(1, 4));
        assertThat(Hierarchy.of(placement, 2).orElseThrow().cross()).isEmpty();
    }

    @Test
    void shardsTileTheSlice_theSameOnAllHosts_andRanksThatCarryNothingHaveNone() {
        Placement placement = new Placement(List.of(List.of(0, 1, 2, 3), List.of(4, 5)));
        Span slice = new Span(800, 44);
        List<Span> shards = List.of(new Span(800, 24), new Span(824, 20));
        List<Span> withEmpty =
                List.of(new Span(800, 24), new Span(824, 20), new Span(844, 0), new Span(844, 0));
        IntStream.range(0, 4)
                .forEach(rank -> assertThat(shards(placement, rank, slice)).isEqualTo(withEmpty));
        assertThat(shards(placement, 4, slice)).isEqualTo(shards);
        assertThat(shards(placement, 5, slice)).isEqualTo(shards);
    }

    private static List<Span> shards(Placement placement, int rank, Span slice) {
        Optional<Hierarchy> hierarchy = Hierarchy.of(placement, rank);
        return hierarchy.orElseThrow().shards(slice, 4);
    }
}
