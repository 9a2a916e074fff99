package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jhorovod.allreduce.conformance.MpirunFolder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Jobs whose ranks one {@code mpirun} starts for jhorovodrun. */
@Timeout(180)
class MpiRunnerIT {
    private static final int KILLED = 137;

    private static MpirunFolder folder;

    @BeforeAll
    static void requireMpirun() throws IOException {
        Programs.assume("mpirun");
        folder = new MpirunFolder();
    }

    @AfterAll
    static void removeFolder() throws IOException {
        if (folder != null) {
            folder.close();
        }
    }

    @Test
    void ranks_knowTheirPlaces_andMeet_withoutMpiJar_asAReportShows(@TempDir Path pages)
            throws Exception {
        Path page = pages.resolve("run.html");
        List<String> words = new ArrayList<>(List.of("--report", page.toString()));
        words.addAll(Arrays.asList(java(2, HostProgram.class, "once")));
        Jhorovodrun.Result result = run(words.toArray(new String[0]));
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.sortedLines())
                .hasSize(2)
                .element(0)
                .asString()
                .startsWith("[0]<stdout>:rank 0 of 2, local 0 of 2, cross 0 of 1, on ")
                .endsWith(", sum 1");
        assertThat(result.sortedLines().get(1)).startsWith("[1]<stdout>:rank 1 of 2, local 1 of 2");
        assertThat(result.err()).doesNotContain("JHOROVOD_REPORT");
        assertThat(Files.readString(page))
                .contains("2 ranks on 1 host", "Where the time went", "exited with code 0")
                .doesNotContain("steps/s, all ranks");
    }

    @Test
    void output_isWhole_withShortLinesAndUnfinishedOnes() throws Exception {
        Jhorovodrun.Result result =
                run("-np", "1", "bash", "-c", "seq 1 20000; printf '[1,0]<stdout>:end'");
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out().lines())
                .hasSize(20_001)
                .endsWith("[0]<stdout>:20000", "[0]<stdout>:[1,0]<stdout>:end");
    }

    /** Open MPI's ranks spin while they wait, and take the host's slots for its cores. */
    @Test
    void ranks_yieldWhenIdle_whereTheyAreMoreThanTheCores() throws Exception {
        int cores = Runtime.getRuntime().availableProcessors();
        assertThat(yields(cores)).hasSize(cores).containsOnly("no");
        assertThat(yields(cores + 1)).hasSize(cores + 1).containsOnly("1");
    }

    private static List<String> yields(int ranks) throws Exception {
        String program = "echo ${OMPI_MCA_mpi_yield_when_idle-no}";
        Jhorovodrun.Result result =
                Jhorovodrun.of("--mpi", "-np", "" + ranks, "bash", "-c", program)
                        .with(folder.environment())
                        .with("OMP_NUM_THREADS", "1") // which nproc would take for the cores
                        .run();
        assertThat(result.code()).as(result.err()).isZero();
        return result.out().lines().map(line -> line.replaceFirst(".*>:", "")).toList();
    }

    @Test
    void rankThatFails_isNamed_andGivesItsCode() throws Exception {
        Jhorovodrun.Result result =
                run("-np", "2", "bash", "-c", "[ $OMPI_COMM_WORLD_RANK = 0 ] || exit 3");
        assertThat(result.code()).isEqualTo(3);
        assertThat(result.err()).contains("the job failed because of rank 1 on ");
    }

    @Test
    void killedLauncher_leavesNothing_andNoCommandLineHoldsTheSecret() throws Exception {
        try (Jhorovodrun run =
                Jhorovodrun.of(withMpi(java(2, HostProgram.class, "on")))
                        .with(folder.environment())
                        .without("JHOROVOD_BACKEND")
                        .start()) {
            run.awaitOut("[1]<stdout>:rank 1");
            List<String> secrets =
                    run.pidsLeft().stream()
                            .map(pid -> Jhorovodrun.content(Path.of("/proc/" + pid + "/environ")))
                            .flatMap(environment -> Arrays.stream(environment.split("\0", -1)))
                            .filter(variable -> variable.startsWith("JHOROVOD_SECRET="))
                            .map(variable -> variable.substring("JHOROVOD_SECRET=".length()))
                            .distinct()
                            .toList();
            assertThat(secrets).hasSize(1);
            assertThat(run.commandsLeft()).noneMatch(line -> line.contains(secrets.get(0)));
            Jhorovodrun.signal("KILL", run.pid());
            assertThat(run.await().code()).isEqualTo(KILLED);
        }
    }

    private static String[] java(int ranks, Class<?> program, String... arguments) {
        List<String> words = new ArrayList<>(List.of("-np", String.valueOf(ranks)));
        words.addAll(RankJava.command("", program.getName(), arguments));
        return words.toArray(new String[0]);
    }

    private static String[] withMpi(String... words) {
        List<String> all = new ArrayList<>(List.of("--mpi"));
        all.addAll(Arrays.asList(words));
        return all.toArray(new String[0]);
    }

    private static Jhorovodrun.Result run(String... words) throws Exception {
        return Jhorovodrun.of(withMpi(words)).with(folder.environment()).run();
    }
}
