package org.jhorovod.launcher.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MpirunCommandTest {
    private static final SshOptions STANDARD = SshOptions.standard();

    @Test
    void ranksHere_needNeitherSshNorNetwork() {
        assertThat(command(2, STANDARD, "here"))
                .isEqualTo(
                        "mpirun -np 2 --host localhost,localhost --map-by seq --bind-to none"
                            + " --tag-output --mca orte_abort_on_non_zero_status 0 -x A -x B run"
                            + " it");
    }

    @Test
    void otherHosts_areReachedAsSshOptionsSay() {
        SshOptions ssh =
                new SshOptions(
                        Optional.of(22), Optional.of(Path.of("/k")), Optional.of(Path.of("/c")));
        assertThat(command(3, ssh, "here", "h2"))
                .contains(" --host localhost,localhost,localhost,h2,h2,h2 ")
                .contains(
                        " --mca plm_rsh_agent ssh --mca plm_rsh_args -x -o BatchMode=yes"
                                + " -o ConnectTimeout=10 -F /c -i /k -p 22 ");
    }

    @Test
    void subnet_isOpenMpisToo() {
        List<String> words =
                MpirunCommand.of(
                        SlotAssignment.assign(1, List.of(new HostSlots("h2", 1))),
                        "here"::equals,
                        new MpirunCommand.Network(STANDARD, Optional.of("10.0.0.1/24")),
                        List.of(),
                        List.of("run"));
        assertThat(words)
                .containsSubsequence("btl_tcp_if_include", "10.0.0.1/24")
                .containsSubsequence("oob_tcp_if_include", "10.0.0.1/24");
    }

    @ParameterizedTest
    @ValueSource(strings = {"fd00::2", "me@h2"})
    void hostsThatMpirunWouldMisread_areRefused(String host) {
        assertThatThrownBy(() -> command(1, STANDARD, host))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'%s' cannot be passed on to mpirun".formatted(host));
    }

    @Test
    void fileWithABlank_isRefused() {
        SshOptions ssh =
                new SshOptions(Optional.empty(), Optional.of(Path.of("/my key")), Optional.empty());
        assertThatThrownBy(() -> command(1, ssh, "h2")).hasMessageContaining("'/my key'");
    }

    private static String command(int slots, SshOptions ssh, String... hosts) {
        List<HostSlots> all = Stream.of(hosts).map(host -> new HostSlots(host, slots)).toList();
        return String.join(
                " ",
                MpirunCommand.of(
                        SlotAssignment.assign(slots * hosts.length, all),
                        "here"::equals,
                        new MpirunCommand.Network(ssh, Optional.empty()),
                        List.of("A", "B"),
                        List.of("run", "it")));
    }
}
