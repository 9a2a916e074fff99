package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Jobs whose ranks one {@code mpirun} starts for jhorovodrun. */
@Timeout(180)
class MpiRunnerIT {
    private static final int KILLED = 137;

    @BeforeAll
    static void requireMpirun() {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/mpirun")),
                "mpirun is missing: run docker/install-packages");
    }

    @Test
    void ranks_knowTheirPlaces_andMeet_withoutMpiJar() throws Exception {
        Jhorovodrun.Result result = run(java(2, HostProgram.class, "once"));
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.sortedLines())
                .hasSize(2)
                .element(0)
                .asString()
                .startsWith("[0]<stdout>:rank 0 of 2, local 0 of 2, cross 0 of 1, on ")
                .endsWith(", sum 1");
        assertThat(result.sortedLines().get(1)).startsWith("[1]<stdout>:rank 1 of 2, local 1 of 2");
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
        return Jhorovodrun.of(withMpi(words)).run();
    }
}
