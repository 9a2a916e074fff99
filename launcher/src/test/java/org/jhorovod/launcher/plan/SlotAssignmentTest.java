package org.jhorovod.launcher.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.Topology;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class SlotAssignmentTest {
    private static final long SEED = 20260101;

    @Test
    void assign_givesLocalAndCrossRanks_whenHostsAreUneven() {
        List<Topology> places = SlotAssignment.assign(6, HostList.parse("a:2,b:1,c:4"));

        assertThat(places)
                .containsExactly(
                        new Topology(0, 6, 0, 2, 0, 3, "a"),
                        new Topology(1, 6, 1, 2, 0, 2, "a"),
                        new Topology(2, 6, 0, 1, 1, 3, "b"),
                        new Topology(3, 6, 0, 3, 2, 3, "c"),
                        new Topology(4, 6, 1, 3, 1, 2, "c"),
                        new Topology(5, 6, 2, 3, 0, 1, "c"));
    }

    @Test
    void assign_placesOnlyAsManyRanksAsAsked_whenThereAreMoreSlots() {
        assertThat(SlotAssignment.assign(2, List.of(new HostSlots("localhost", 4))))
                .containsExactly(
                        new Topology(0, 2, 0, 2, 0, 1, "localhost"),
                        new Topology(1, 2, 1, 2, 0, 1, "localhost"));
    }

    @ParameterizedTest
    @CsvSource({
        "0, a:2, at least 1 rank",
        "-1, a:2, at least 1 rank",
        "5, 'a:2,b:2', have 4 slots together;",
        "2, a, have 1 slot;"
    })
    void assign_refuses(int size, String hosts, String reason) {
        assertThatThrownBy(() -> SlotAssignment.assign(size, HostList.parse(hosts)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void assign_refuses_whatOneHostCannotTake() {
        assertThatThrownBy(
                        () ->
                                SlotAssignment.assign(
                                        Integer.MAX_VALUE,
                                        List.of(new HostSlots("h", Integer.MAX_VALUE))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("would run on h, but one host takes at most 1024 ranks");
    }

    /** Counts each rank's place anew, from nothing but the hosts of all ranks in rank order. */
    @Test
    void assign_isConsistent_whateverTheHosts() {
        Random random = new Random(SEED);
        for (int round = 0; round < 500; round++) {
            List<HostSlots> hosts = randomHosts(random);
            int sum = hosts.stream().mapToInt(HostSlots::slots).sum();
            int size = 1 + random.nextInt(sum);
            String description =
                    "round %d of seed %d: %d of %s".formatted(round, SEED, size, hosts);

            List<Topology> places = SlotAssignment.assign(size, hosts);

            List<String> inOrder =
                    hosts.stream()
                            .flatMap(h -> Collections.nCopies(h.slots(), h.host()).stream())
                            .toList();
            assertThat(places.stream().map(Topology::host))
                    .as(description)
                    .isEqualTo(inOrder.subList(0, size));
            for (int rank = 0; rank < size; rank++) {
                assertThat(places.get(rank)).as(description).isEqualTo(counted(rank, places));
            }
            assertThatThrownBy(() -> SlotAssignment.assign(sum + 1, hosts))
                    .as(description)
                    .hasMessageContaining("have " + sum + " slot");
        }
    }

    private static List<HostSlots> randomHosts(Random random) {
        return IntStream.rangeClosed(1, 1 + random.nextInt(8))
                .mapToObj(n -> new HostSlots("h" + n, 1 + random.nextInt(6)))
                .toList();
    }

    private static Topology counted(int rank, List<Topology> places) {
        Topology place = places.get(rank);
        List<Topology> local = places.stream().filter(p -> p.host().equals(place.host())).toList();
        List<Topology> cross =
                places.stream().filter(p -> p.localRank() == place.localRank()).toList();
        return new Topology(
                rank,
                places.size(),
                local.indexOf(place),
                local.size(),
                cross.indexOf(place),
                cross.size(),
                place.host());
    }
}
