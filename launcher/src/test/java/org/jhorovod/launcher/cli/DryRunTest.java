package org.jhorovod.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class DryRunTest {
    private static final Map<String, String> ENVIRONMENT =
            Map.of("JHOROVOD_TRANSPORT", "tcp", "MY", "hidden", "OTHER", "1", "PATH", "/bin");

    @TempDir Path folder;

    @Test
    void dryRun_showsEveryRanksPlace_andEveryCommand_andStartsNothing() throws Exception {
        Path key = Files.writeString(folder.resolve("key"), "");
        Path logs = folder.resolve("logs");
        Path touched = folder.resolve("touched");
        List<String> lines =
                dryRun(
                        "-np",
                        "4",
                        "-H",
                        "localhost:2,[2001:db8::2]:1,h3:4",
                        "--dry-run",
                        "--ssh-port",
                        "2222",
                        "--ssh-identity-file",
                        key.toString(),
                        "--output-filename",
                        logs.toString(),
                        "-x",
                        "MY",
                        "/usr/bin/touch",
                        touched.toString(),
                        "a b");
        assertThat(lines)
                .containsSubsequence(
                        "4 ranks on 3 hosts; nothing is started.",
                        "localhost (this host):",
                        "  rank 0: local rank 0 of 2, cross rank 0 of 3",
                        "  rank 1: local rank 1 of 2, cross rank 0 of 1",
                        "2001:db8::2:",
                        "  rank 2: local rank 0 of 1, cross rank 1 of 3",
                        "h3:",
                        "  rank 3: local rank 0 of 1, cross rank 2 of 3",
                        "Variables that ranks get on all hosts: MY JHOROVOD_TRANSPORT",
                        "Each rank runs: /usr/bin/touch " + touched + " 'a b'");
        assertThat(lines.stream().filter(line -> line.startsWith("  reached by: ")))
                .hasSize(2)
                .allMatch(line -> line.startsWith("  reached by: setsid -- ssh -o "))
                .allMatch(line -> line.contains(" -i " + key + " -p 2222 -- "))
                .anyMatch(line -> line.contains(" -- 2001:db8::2 "))
                .anyMatch(line -> line.contains(" -- h3 "));
        assertThat(String.join("\n", lines)).doesNotContain("hidden");
        assertThat(touched).doesNotExist();
        assertThat(logs).doesNotExist();
    }

    @Test
    void dryRun_ofOneRankHere_needsNoSsh() {
        assertThat(dryRun("-np", "1", "--dry-run", "/usr/bin/true"))
                .first()
                .isEqualTo("1 rank on 1 host; nothing is started.");
        assertThat(dryRun("-np", "1", "--dry-run", "/usr/bin/true"))
                .noneMatch(line -> line.contains("ssh"));
    }

    private static List<String> dryRun(String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code =
                Jhorovodrun.execute(
                        new PrintWriter(out, true), new PrintWriter(err, true), ENVIRONMENT, words);
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        return out.toString().lines().toList();
    }
}
