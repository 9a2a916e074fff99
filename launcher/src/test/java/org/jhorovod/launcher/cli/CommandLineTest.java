package org.jhorovod.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(20)
class CommandLineTest {
    private static final int USAGE = 2;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "|the number of ranks is missing; add -np N",
                "true|the number of ranks is missing",
                "-np 2|there is nothing to run",
                "-np|Missing required parameter",
                "-np x true|'x' is no whole number",
                "-np 0 true|at least 1 rank",
                "-np 100000 true|at most 1024 ranks",
                "-np -1 true|at least 1 rank",
                "-np 2 -np 3 true|only once",
                "-np 3 -H localhost:2 true|2 slots together",
                "-np 2 -H localhost:x true|is no number of slots",
                "-np 2 -H localhost:0 true|at least 1",
                "-np 2 --example no-such|no example 'no-such'",
                "-np 2 --example no-such --epochs 2|after --",
                "-np 2 no-such-program|not on the PATH",
                "-np 2 ./no-such-program|does not exist",
                "-np 2 /etc/passwd|not an executable file",
                "-np 2 -- -x|'-x' is no program",
                "-np 2 --bogus true|Unknown option: '--bogus'",
                "-np 2 --start-timeout 0 true|--start-timeout is '0'",
                "-np 2 --start-timeout soon true|--start-timeout is 'soon'"
            })
    void wrongCommandLine_isOneLineThatSaysWhatToChange(String arguments) {
        String[] parts = arguments.split("\\|", 2);
        String[] words = parts[0].isEmpty() ? new String[0] : parts[0].split(" ", -1);
        assertThat(execute(words)).isEqualTo(USAGE);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString())
                .startsWith("jhorovodrun: ")
                .contains(parts[1])
                .endsWith(" Try 'jhorovodrun --help'.\n")
                .hasLineCount(1);
    }

    @Test
    void help_showsOptionsAndSettings() {
        assertThat(execute("--help")).isZero();
        assertThat(out.toString())
                .contains("-np N", "--example NAME", "--start-timeout", "--verbose", "--version")
                .contains("JHOROVOD_TRANSPORT (auto, tcp, unix; default: auto)");
        assertThat(out.toString().lines()).allMatch(line -> line.length() <= 100);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void version_isPrinted() {
        assertThat(execute("--version")).isZero();
        assertThat(out.toString()).startsWith("jhorovodrun ").contains("Java");
    }

    private int execute(String... words) {
        return Jhorovodrun.execute(
                new PrintWriter(out, true), new PrintWriter(err, true), Map.of(), words);
    }
}
