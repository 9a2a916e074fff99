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

    @Test
    void dryRun_inASlurmAllocation_fillsItsNodes_andReachesThemBySrun() {
        Map<String, String> allocation =
                Map.of(
                        "SLURM_JOB_ID", "7",
                        "SLURM_JOB_NODELIST", "n[07-08],m",
                        "SLURM_TASKS_PER_NODE", "2(x2),1");
        List<String> lines = dryRun(allocation, "--dry-run", "/usr/bin/true");
        assertThat(lines)
                .containsSubsequence(
                        "5 ranks on 3 hosts; nothing is started.",
                        "n07:",
                        "  rank 1: local rank 1 of 2, cross rank 0 of 2",
                        "n08:",
                        "m:",
                        "  rank 4: local rank 0 of 1, cross rank 2 of 3");
        assertThat(lines.stream().filter(line -> line.startsWith("  reached by: ")))
                .hasSize(3)
                .allMatch(line -> line.startsWith("  reached by: setsid -- env -u SLURM_LABELIO"))
                .allMatch(line -> line.contains(" --overlap ") && !line.contains("ssh "))
                .anyMatch(line -> line.contains(" srun --nodelist=n07 --nodes=1 --ntasks=1 "));
        assertThat(dryRun(allocation, "-np", "3", "--dry-run", "/usr/bin/true"))
                .startsWith("3 ranks on 2 hosts; nothing is started.");
        assertThat(dryRun(allocation, "-H", "h2:2", "--dry-run", "/usr/bin/true"))
                .startsWith("2 ranks on 1 host; nothing is started.")
                .noneMatch(line -> line.contains("srun"));
    }

    @Test
    void dryRun_takesTheHostfileOfTheMpiOperator_whereNoHostIsNamed() throws Exception {
        Path hosts = Files.writeString(folder.resolve("hosts"), "h1 slots=2\nh2 slots=1\n");
        Map<String, String> operator = Map.of("OMPI_MCA_orte_default_hostfile", hosts.toString());
        assertThat(dryRun(operator, "--dry-run", "/usr/bin/true"))
                .startsWith("3 ranks on 2 hosts; nothing is started.");
        assertThat(dryRun(operator, "-H", "h2:2", "--dry-run", "/usr/bin/true"))
                .startsWith("2 ranks on 1 host; nothing is started.");
    }

    private static List<String> dryRun(String... words) {
        return dryRun(ENVIRONMENT, words);
    }

    private static List<String> dryRun(Map<String, String> environment, String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code =
                Jhorovodrun.execute(
                        new PrintWriter(out, true), new PrintWriter(err, true), environment, words);
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        return out.toString().lines().toList();
    }
}
