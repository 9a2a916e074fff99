package org.jhorovod.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Command lines and hostfiles that cannot be used. In a command line, {@code ''} is an empty word,
 * DIR the test's folder, and RUN a program that leaves a trace.
 */
@Timeout(20)
class WrongCommandLineTest {
    private static final int USAGE = 2;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir Path folder;

    @BeforeEach
    void createFiles() throws IOException {
        Path program = folder.resolve("run");
        Files.writeString(program, "#!/bin/sh\ntouch '" + folder + "/started'\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();
        Files.writeString(folder.resolve("file"), "");
        Files.createDirectory(folder.resolve("folder"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvFileSource(resources = "/wrong-command-lines.txt", delimiter = '|', quoteCharacter = '\0')
    void wrongCommandLine_isOneLineThatSaysWhatToChange(String words, String reason) {
        assertRefused(Map.of(), words, reason);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "|hosts names no host; write one a line",
                "# h1\\n\\n  # h2|hosts names no host; write one a line",
                "localhost slots=two|hosts, line 1: 'two' in 'localhost slots=two' is no number",
                "localhost\\n\\nh2 slots=|hosts, line 3: '' in 'h2 slots=' is no number of slots",
                "localhost slots=0|hosts, line 1: host 'localhost' has 0 slots, but needs at least"
                        + " 1",
                "localhost slots=-1|hosts, line 1: '-1' in 'localhost slots=-1' is no number",
                "localhost:|hosts, line 1: '' in 'localhost:' is no number of slots",
                "# x\\nh1 cpus=4|hosts, line 2: 'cpus=4' is not understood; write NAME slots=N",
                "h1 4|hosts, line 1: '4' is not understood; write NAME slots=N",
                "h1:2 slots=2|hosts, line 1: 'h1:2 slots=2' gives the slots twice",
                "h1 slots=4 max_slots=2|hosts, line 1: slots=4 is more than max_slots=2",
                "h1\\nh2\\nh1 slots=2|hosts, line 3: host 'h1' is named twice",
                "h1,h2|hosts, line 1: 'h1,h2' is no name of a host",
                "[fd00::2 slots=2|hosts, line 1: the brackets of '[fd00::2' do not fit",
                "[fd00::zz]|hosts, line 1: 'fd00::zz' in '[fd00::zz]' is no IPv6 address",
                "localhost\\n127.0.0.1|'localhost' and '127.0.0.1' are both this host",
                "localhost slots=1|-np is 2, but the hosts have 1 slot;",
            })
    void wrongHostfile_isOneLineThatNamesFileAndLine(String content, String reason)
            throws IOException {
        String text = content == null ? "" : content.replace("\\n", "\n");
        Files.writeString(folder.resolve("hosts"), text + "\n");
        assertRefused(Map.of(), "-np 2 --hostfile DIR/hosts RUN", reason);
    }

    @ParameterizedTest(name = "{0}={1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "JHOROVOD_TRANSPORT|pigeon|JHOROVOD_TRANSPORT is 'pigeon', but must be: auto",
                "JHOROVOD_BUCKET_MIB|-1|JHOROVOD_BUCKET_MIB is '-1', but must be: whole number",
                "JHOROVOD_TLS_FILE|/no/such|JHOROVOD_TLS_FILE cannot be used: /no/such does not"
                        + " exist",
                "JHOROVOD_TLS_FILE|/proc/self/status|must hold a private key, unencrypted, and",
                "JHOROVOD_SEED|x|JHOROVOD_SEED is 'x', but must be: whole number",
                "JHOROVOD_START_TIMEOUT_SECONDS|soon|JHOROVOD_START_TIMEOUT_SECONDS is 'soon'"
            })
    void wrongSetting_isOneLineThatNamesTheVariable(String name, String value, String reason) {
        assertRefused(Map.of(name, value), "-np 1 RUN", reason);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "n[1-2]|1|SLURM_JOB_NODELIST=n[1-2] and SLURM_TASKS_PER_NODE=1 cannot be used",
                "n[1-|1(x2)|the brackets of 'n[1-' do not fit; name the hosts with -H",
                "n[1-2]|1(x|SLURM_TASKS_PER_NODE=1(x cannot be used: '1(x' is no number of tasks",
                "n[1-2]|1,0|host 'n2' has 0 slots",
                "n[1-2]|1(x2)|-np is 4, but the hosts have 2 slots together"
            })
    void wrongAllocation_isOneLineThatNamesTheVariables(String nodes, String tasks, String reason) {
        Map<String, String> allocation =
                Map.of(
                        "SLURM_JOB_ID", "7",
                        "SLURM_JOB_NODELIST", nodes,
                        "SLURM_TASKS_PER_NODE", tasks);
        assertRefused(allocation, "-np 4 RUN", reason);
    }

    @ParameterizedTest
    @CsvSource({"TRANSPORT is 'pigeon'", "BUCKET_MIB is 'x'"})
    void wrongSettings_areAllToldInOneLine(String reason) {
        Map<String, String> settings =
                Map.of("JHOROVOD_TRANSPORT", "pigeon", "JHOROVOD_BUCKET_MIB", "x");
        assertRefused(settings, "-np 1 RUN", reason);
    }

    private void assertRefused(Map<String, String> settings, String words, String reason) {
        Map<String, String> environment = new HashMap<>(settings);
        environment.put("PATH", "/usr/bin:/bin");
        assertThat(execute(environment, words(words))).as("exit code; %s", err).isEqualTo(USAGE);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString())
                .startsWith("jhorovodrun: ")
                .contains(reason.replace("DIR", folder.toString()))
                .endsWith(" Try 'jhorovodrun --help'.\n")
                .hasLineCount(1);
        assertThat(folder.resolve("started")).doesNotExist();
    }

    private String[] words(String text) {
        return Arrays.stream(text.isEmpty() ? new String[0] : text.split(" ", -1))
                .map(word -> word.equals("''") ? "" : word)
                .map(word -> word.equals("RUN") ? folder.resolve("run").toString() : word)
                .map(word -> word.replace("DIR", folder.toString()))
                .toArray(String[]::new);
    }

    private int execute(Map<String, String> environment, String... words) {
        return Jhorovodrun.execute(
                new PrintWriter(out, true), new PrintWriter(err, true), environment, words);
    }
}
