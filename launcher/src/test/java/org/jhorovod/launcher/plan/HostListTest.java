package org.jhorovod.launcher.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class HostListTest {

    @Test
    void list_readsNamesAndAddresses_withAndWithoutSlots() {
        assertThat(HostList.parse("h1:2,[fd00::2]:4, h3,me@h4:2,fe80::1,[fe80::1%eth0],me@[::1]:3"))
                .containsExactly(
                        new HostSlots("h1", 2),
                        new HostSlots("fd00::2", 4),
                        new HostSlots("h3", 1),
                        new HostSlots("me@h4", 2),
                        new HostSlots("fe80::1", 1),
                        new HostSlots("fe80::1%eth0", 1),
                        new HostSlots("me@::1", 3));
    }

    @ParameterizedTest
    @CsvSource({
        "'', a host has no name",
        "'a:1,', a host has no name",
        "'a,,b', a host has no name",
        "':2', the host in ':2' has no name",
        "'a:0', 'a' has 0 slots, but needs at least 1",
        "'a:-1', '-1' in 'a:-1' is no number of slots",
        "'a:two', 'two' in 'a:two' is no number of slots",
        "'a:+2', is no number of slots",
        "'a:99999999999', is no number of slots",
        "'a:', is no number of slots",
        "'a b:2', 'a b' is no name of a host",
        "'-oProxyCommand=x:1', is no name of a host",
        "'a/b', is no name of a host",
        "'a@b@c', is no name of a host",
        "'h1:2:3', 'h1:2:3' is no IPv6 address",
        "'[fd00::2', brackets of '[fd00::2' do not fit",
        "'fd00::2]:4', brackets of 'fd00::2]:4' do not fit",
        "'[fd00::2]4', brackets of '[fd00::2]4' do not fit",
        "'[fd00::zz]:4', 'fd00::zz' in '[fd00::zz]:4' is no IPv6 address",
        "'[fe80::1%$(id) x]:1', is no IPv6 address",
        "'[fe80::1%]:1', is no IPv6 address",
        "'[]:4', is no IPv6 address",
        "'[10.0.0.1]:4', '10.0.0.1' in '[10.0.0.1]:4' is no IPv6 address",
        "'[fd00::2]:', is no number of slots",
        "'a:1,a:2', 'a' is named twice",
        "'a:1,A', 'A' is named twice",
        "'me@a:1,a:2', 'a' is named twice",
        "'fd00::2,[FD00:0::2]:4', 'FD00:0::2' is named twice"
    })
    void list_saysWhatIsWrong(String hosts, String reason) {
        assertThatThrownBy(() -> HostList.parse(hosts))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void hostfile_readsWhatMpiAndHorovodWrite() {
        List<String> lines =
                """
                \uFEFF# the cluster
                h1 slots=2

                  h2   slots = 4   # the new one
                h3
                h4:3\t
                fd00::2 slots=2
                [fd00::3]:4
                me@h5 slots=1 max_slots=8
                h6 max-slots=2
                h7 SLOTS=2 #
                """
                        .lines()
                        .toList();
        assertThat(Hostfile.parse("hosts", lines))
                .containsExactly(
                        new HostSlots("h1", 2),
                        new HostSlots("h2", 4),
                        new HostSlots("h3", 1),
                        new HostSlots("h4", 3),
                        new HostSlots("fd00::2", 2),
                        new HostSlots("fd00::3", 4),
                        new HostSlots("me@h5", 1),
                        new HostSlots("h6", 1),
                        new HostSlots("h7", 2));
    }

    @ParameterizedTest
    @CsvSource({
        "'h slots=two', \"'two' in 'h slots=two' is no number of slots\"",
        "'h slots=', is no number of slots",
        "'h slots=0', needs at least 1",
        "'h slots=-2', is no number of slots",
        "'h:2 slots=2', gives the slots twice",
        "'h slots=2 slots=3', gives slots twice",
        "'h slots=4 max_slots=2', slots=4 is more than max_slots=2",
        "'h max_slots=many', is no number of slots",
        "'h 4', '4' is not understood; write NAME slots=N",
        "'h cpus=4', 'cpus=4' is not understood",
        "'slots=4', is no name of a host",
        "'h1,h2', 'h1,h2' is no name of a host",
        "'[fd00::2 slots=2', brackets of '[fd00::2' do not fit",
        "'first', 'first' is named twice",
        "'FIRST slots=2', is named twice"
    })
    void hostfile_saysInWhichLineWhatIsWrong(String line, String reason) {
        assertThatThrownBy(() -> Hostfile.parse("my.hosts", List.of("first:2", "# -", line)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("my.hosts, line 3: ")
                .hasMessageContaining(reason.replace("\"", ""));
    }

    @Test
    void hostfile_withoutHosts_isRefused() {
        assertThatThrownBy(() -> Hostfile.parse("my.hosts", List.of("", "# h1")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("my.hosts names no host; write one a line");
    }
}
