package org.jhorovod.launcher.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(20)
class SshCommandTest {

    @Test
    void of_leavesToSsh_whatNobodySet() {
        assertThat(SshCommand.of("me@h2", SshOptions.standard(), List.of("java", "-version")))
                .startsWith("ssh", "-T")
                .containsSequence("-o", "BatchMode=yes")
                .containsSequence("-o", "ConnectTimeout=10")
                .doesNotContain("-p", "-i", "-F")
                .endsWith("--", "me@h2", "java -version");
    }

    @Test
    void of_passesPortKeyAndConfigurationOn_beforeTheHost() {
        SshOptions options =
                new SshOptions(
                        Optional.of(2222),
                        Optional.of(Path.of("/keys/my key")),
                        Optional.of(Path.of("/etc/my config")));
        assertThat(SshCommand.of("fd00::2", options, List.of("true")))
                .containsSequence("-F", "/etc/my config", "-i", "/keys/my key", "-p", "2222", "--")
                .endsWith("--", "fd00::2", "true");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "-oProxyCommand=x"})
    void of_refusesAHost_thatIsNone(String host) {
        assertThatThrownBy(() -> SshCommand.of(host, SshOptions.standard(), List.of("true")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no name of a host");
    }

    /** Where options may follow the host, ssh would take this for one of its own. */
    @Test
    void of_refusesACommand_thatIsAnOption() {
        assertThatThrownBy(
                        () -> SshCommand.of("h", SshOptions.standard(), List.of("-oX=y", "true")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no command to run on host h");
    }

    @Test
    void remoteWords_surviveAShell_whateverTheyHold() throws Exception {
        List<String> words =
                List.of(
                        "a b", "", "it's", "''", "$HOME", "`id`", "*", "~", "#x", "\\", "\"", "!!",
                        "a\nb", "größe", "x;y", "a=b", "-n", "{a,b}", "&&", "日本");
        List<String> command = SshCommand.of("h", SshOptions.standard(), withPrintf(words));
        assertThat(outputOf("sh", "-c", command.get(command.size() - 1)))
                .isEqualTo("<" + String.join("><", words) + ">");
    }

    private static List<String> withPrintf(List<String> words) {
        List<String> all = new ArrayList<>(List.of("printf", "<%s>"));
        all.addAll(words);
        return all;
    }

    private static String outputOf(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        return text;
    }
}
