package org.jhorovod.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class CommandLineTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void help_showsOptionsAndSettings() {
        assertThat(execute("--help")).isZero();
        assertThat(out.toString())
                .contains("-np N", "--example NAME", "--start-timeout", "--verbose", "--version")
                .contains("-H, --hosts", "--hostfile FILE", "-x", "--ssh-port", "--ssh-config")
                .contains("--ssh-identity-file", "--network-interface", "--output-filename")
                .contains("--dry-run", "--check-build")
                .contains("JHOROVOD_TRANSPORT (auto, shm, tcp, unix; default: auto)");
        assertThat(out.toString().lines()).allMatch(line -> line.length() <= 80);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void version_isPrinted() {
        assertThat(execute("--version")).isZero();
        assertThat(out.toString()).startsWith("jhorovodrun ").contains("Java");
    }

    @Test
    void checkBuild_needsNothingElse_andSaysWhatIsThere() {
        assertThat(execute("--check-build")).isZero();
        assertThat(out.toString()).contains("Engines", "  host        available (");
        assertThat(err.toString()).isEmpty();
    }

    private int execute(String... words) {
        return Jhorovodrun.execute(
                new PrintWriter(out, true), new PrintWriter(err, true), Map.of(), words);
    }
}
