package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.conformance.Mpirun;
import org.jhorovod.allreduce.conformance.MpirunFolder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Jobs over two hosts whose ranks one {@code mpirun} starts for jhorovodrun. */
@Timeout(180)
class MpiHostsIT {
    private static final Duration END = Duration.ofSeconds(15);
    private static final int INTERRUPTED = 130;
    private static final int KILLED = 137;
    private static final String[] PLACES = {
        "rank 0 of 3, local 0 of 2, cross 0 of 2",
        "rank 1 of 3, local 1 of 2, cross 0 of 1",
        "rank 2 of 3, local 0 of 1, cross 1 of 2"
    };

    @TempDir static Path folder;
    private static Hosts hosts;
    private static MpirunFolder mpirunFolder;

    @BeforeAll
    static void makeHosts() throws Exception {
        Programs.assume("mpirun");
        mpirunFolder = new MpirunFolder();
        hosts = Hosts.create(2, folder);
    }

    @AfterAll
    static void removeHosts() throws Exception {
        if (hosts != null) {
            hosts.close();
        }
        if (mpirunFolder != null) {
            mpirunFolder.close();
        }
    }

    @AfterEach
    void nothingIsLeft() {
        hosts.awaitNothingLeft(END);
    }

    @Test
    void ranks_haveTheModelOfOneHost() throws Exception {
        Path models = folder.resolve("there");
        Jhorovodrun.Result result = job("", CnnProgram.class, models.toString()).run();
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).contains("cross 0 of 1, on host1", "cross 1 of 2, on host2");
        new CnnRun(result.out(), models).assertModelOf(CnnRun.here(3, folder), PLACES);
    }

    @Test
    void mpiCarriesTheCollectives_whereItIsAskedTo() throws Exception {
        Assumptions.assumeTrue(Mpirun.whyNot().isEmpty(), () -> Mpirun.whyNot().orElse(""));
        Jhorovodrun.Result result =
                job(Mpirun.jar() + ":", HostProgram.class, "once")
                        .with("JHOROVOD_BACKEND", "mpi")
                        // The hosts are pretended: their shared memory would have the same names.
                        .with("OMPI_MCA_btl", "tcp,self")
                        .run();
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.sortedLines())
                .containsExactly(
                        "[0]<stdout>:" + PLACES[0] + ", on host1, sum 3",
                        "[1]<stdout>:" + PLACES[1] + ", on host1, sum 3",
                        "[2]<stdout>:" + PLACES[2] + ", on host2, sum 3");
    }

    @Test
    void hosts_areFilledInTheOrderGiven_thoughTheLaunchersIsNotTheFirst() throws Exception {
        Jhorovodrun.Result result =
                hosts.jhorovodrun(
                                1,
                                "--mpi",
                                "--network-interface",
                                "eth0",
                                "-H",
                                "host2:1,host1:2",
                                "bash",
                                "-c",
                                "echo $JHOROVOD_HOST $(hostname -I)")
                        .with(mpirunFolder.environment())
                        .run();
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.sortedLines())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("[0]<stdout>:host2 " + Hosts.v4(2)),
                        line -> assertThat(line).startsWith("[1]<stdout>:host1 " + Hosts.v4(1)),
                        line -> assertThat(line).startsWith("[2]<stdout>:host1 " + Hosts.v4(1)));
    }

    @Test
    void interruptedLauncher_endsAll() throws Exception {
        try (Jhorovodrun run = startJob()) {
            Jhorovodrun.signal("INT", run.pid());
            assertThat(run.await().code()).isEqualTo(INTERRUPTED);
        }
    }

    @Test
    void killedRank_isNamed_andGivesItsCode() throws Exception {
        try (Jhorovodrun run = startJob()) {
            Jhorovodrun.signal("KILL", hosts.javaOf(2, HostProgram.class));
            Jhorovodrun.Result result = run.await();
            assertThat(result.code()).as(result.err()).isEqualTo(KILLED);
            assertThat(result.err())
                    .containsPattern("the job failed because of rank 2 on host2.*SIGKILL");
        }
    }

    @Test
    void killedLauncher_leavesNothing() throws Exception {
        try (Jhorovodrun run = startJob()) {
            Jhorovodrun.signal("KILL", run.pid());
            assertThat(run.await().code()).isEqualTo(KILLED);
        }
    }

    private static Jhorovodrun startJob() throws IOException {
        Jhorovodrun run = job("", HostProgram.class, "on-alone").start();
        for (int rank = 0; rank < 3; rank++) {
            run.awaitOut("[%d]<stdout>:rank".formatted(rank));
        }
        return run;
    }

    private static Jhorovodrun.Builder job(
            String firstOfClassPath, Class<?> program, String... arguments) {
        List<String> words = new ArrayList<>(List.of("--mpi", "--network-interface", "eth0"));
        words.addAll(List.of("-H", "host1:2,host2:1"));
        words.addAll(RankJava.command(firstOfClassPath, program.getName(), arguments));
        return hosts.jhorovodrun(1, words.toArray(new String[0])).with(mpirunFolder.environment());
    }
}
