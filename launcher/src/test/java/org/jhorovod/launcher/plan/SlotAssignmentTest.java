package org.jhorovod.launcher.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.jhorovod.allreduce.collective.Topology;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class SlotAssignmentTest {

    @Test
    void assign_givesLocalAndCrossRanks_whenHostsAreUneven() {
        List<Topology> places = SlotAssignment.assign(6, HostSlots.parseList("a:2,b:1,c:4"));

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
        "5, 'a:2,b:2', 4 slots together"
    })
    void assign_refuses(int size, String hosts, String reason) {
        assertThatThrownBy(() -> SlotAssignment.assign(size, HostSlots.parseList(hosts)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void parseList_readsHostsWithAndWithoutSlots() {
        assertThat(HostSlots.parseList("a:2, b,[::1]:3,[::1%eth0],fe80::1"))
                .containsExactly(
                        new HostSlots("a", 2),
                        new HostSlots("b", 1),
                        new HostSlots("[::1]", 3),
                        new HostSlots("[::1%eth0]", 1),
                        new HostSlots("fe80::1", 1));
    }

    @ParameterizedTest
    @CsvSource({
        "'', has no name",
        "'a:1,', has no name",
        "':2', has no name",
        "'a:0', at least 1",
        "'a:-1', at least 1",
        "'a:two', 'NAME:SLOTS'",
        "'a:', 'NAME:SLOTS'",
        "'a:1,a:2', twice"
    })
    void parseList_saysWhatIsWrong(String hosts, String reason) {
        assertThatThrownBy(() -> HostSlots.parseList(hosts))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }
}
