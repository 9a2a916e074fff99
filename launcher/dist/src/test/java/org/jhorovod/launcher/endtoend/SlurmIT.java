package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Jobs on the two nodes of a Slurm cluster: by srun alone, and by jhorovodrun in an allocation. */
@Timeout(300)
class SlurmIT {
    private static final Duration TRAINING = Duration.ofMinutes(2);
    private static final String SECONDS = "3"; // of silence, after which a host is lost
    private static final Pattern PLACE =
            Pattern.compile("rank \\d of \\d, local \\d of \\d, cross \\d of \\d, on host\\d.*");
    private static final String[] PLACES = {
        "rank 0 of 4, local 0 of 2, cross 0 of 2",
        "rank 1 of 4, local 1 of 2, cross 0 of 2",
        "rank 2 of 4, local 0 of 2, cross 1 of 2",
        "rank 3 of 4, local 1 of 2, cross 1 of 2"
    };

    @TempDir static Path folder;
    private static SlurmCluster cluster;
    private static CnnRun here;

    @BeforeAll
    static void makeCluster() throws Exception {
        cluster = SlurmCluster.create(folder);
        here = CnnRun.here(4, folder);
    }

    @AfterAll
    static void removeCluster() throws Exception {
        if (cluster != null) {
            cluster.close();
        }
    }

    @AfterEach
    void nothingIsLeft() {
        cluster.awaitIdle();
    }

    @Test
    void srunAlone_trainsTheModelOfOneHost_andLeavesNoSecret() throws Exception {
        Path models = folder.resolve("srun");
        Jhorovodrun.Result result =
                run(List.of("srun", "-n", "4"), CnnProgram.class, models.toString()).run(TRAINING);
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).contains("cross 0 of 2, on host1", "cross 1 of 2, on host2");
        new CnnRun(result.out(), models).assertModelOf(here, PLACES);
        assertThat(folder.resolve(".jhorovod")).isEmptyDirectory();
    }

    @Test
    void jhorovodrunInAnAllocation_fillsIt_andTrainsTheModelOfOneHost() throws Exception {
        Path models = folder.resolve("salloc");
        Jhorovodrun.Result result =
                run(jhorovodrun(), CnnProgram.class, models.toString()).run(TRAINING);
        assertThat(result.code()).as(result.err()).isZero();
        new CnnRun(result.out(), models).assertModelOf(here, PLACES);
    }

    @Test
    void batchScript_trains() throws Exception {
        Path output = folder.resolve("batch.out");
        Jhorovodrun.Result result =
                cluster.run(
                                "sbatch",
                                "--wait",
                                "--ntasks=2",
                                "--cpus-per-task=1",
                                "--output=" + output,
                                DockerFolder.PATH.resolve("train.sbatch").toString(),
                                FewImages.option(folder),
                                "--epochs",
                                "1")
                        .with("DISTRIBUTION", Jhorovodrun.DISTRIBUTION.toString())
                        .with("HOME", folder.toString())
                        .with(
                                "JAVA_TOOL_OPTIONS",
                                "-Xmx512m -XX:TieredStopAtLevel=1 -Dai.djl.offline=true")
                        .run(TRAINING);
        String text = Files.readString(output);
        assertThat(result.code()).as(text).isZero();
        List<String> digests =
                Pattern.compile("SHA-256 of rank \\d's parameters: (\\w{64})")
                        .matcher(text)
                        .results()
                        .map(match -> match.group(1))
                        .toList();
        assertThat(digests).hasSize(2).containsOnly(digests.get(0));
    }

    /** Ranks go to and fro between the nodes, and local ranks do not follow their order. */
    @Test
    void srun_mayDealTheRanksOut() throws Exception {
        Jhorovodrun.Result result =
                run(List.of("srun", "-n", "4", "--distribution=cyclic"), HostProgram.class, "once")
                        .run();
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(places(result.out()))
                .containsExactly(
                        "rank 0 of 4, local 0 of 2, cross 0 of 2, on host1, sum 6",
                        "rank 1 of 4, local 0 of 2, cross 1 of 2, on host2, sum 6",
                        "rank 2 of 4, local 1 of 2, cross 0 of 2, on host1, sum 6",
                        "rank 3 of 4, local 1 of 2, cross 1 of 2, on host2, sum 6");
    }

    @Test
    void stepsOfOneAllocation_doNotMeetEachOther() throws Exception {
        String step = "srun --exact -n 2 -N 2 \"$@\" & ";
        Jhorovodrun.Result result =
                run(
                                List.of(
                                        "salloc",
                                        "-n",
                                        "4",
                                        "bash",
                                        "-c",
                                        step + step + "wait",
                                        "-"),
                                HostProgram.class,
                                "once")
                        .run();
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(places(result.out()))
                .containsExactly(
                        "rank 0 of 2, local 0 of 1, cross 0 of 2, on host1, sum 1",
                        "rank 0 of 2, local 0 of 1, cross 0 of 2, on host1, sum 1",
                        "rank 1 of 2, local 0 of 1, cross 1 of 2, on host2, sum 1",
                        "rank 1 of 2, local 0 of 1, cross 1 of 2, on host2, sum 1");
    }

    @Test
    void killedNode_endsTheJobOfJhorovodrun_withItsName() throws Exception {
        try (Jhorovodrun run = start(jhorovodrun(), "[%d]<stdout>:rank %1$d")) {
            cluster.kill(2);
            Jhorovodrun.Result result = run.await();
            assertThat(result.code()).as(result.err()).isEqualTo(1);
            assertThat(result.err())
                    .contains(
                            "the job failed because the agent on host2 is lost: ",
                            "With it went ranks 2, 3.");
        } finally {
            cluster.startNode(2);
        }
    }

    @Test
    void killedNode_endsTheRanksOfSrun_withItsName() throws Exception {
        try (Jhorovodrun run = start(List.of("srun", "-K1", "-n", "4"), "rank %d of 4")) {
            cluster.kill(2);
            run.awaitErr("PeerLostException");
            cluster.declareDown(2);
            Jhorovodrun.Result result = run.await(TRAINING);
            assertThat(result.code()).as(result.err()).isNotZero();
            assertThat(result.err())
                    .containsPattern("PeerLostException: Rank [23] on host2 is lost");
        } finally {
            cluster.startNode(2);
        }
    }

    @Test
    void killedRank_endsTheStep_withItsNumber() throws Exception {
        try (Jhorovodrun run = start(List.of("srun", "-n", "4"), "rank %d of 4")) {
            Jhorovodrun.signal("KILL", cluster.javaOf(2, HostProgram.class, 3));
            Jhorovodrun.Result result = run.await();
            assertThat(result.code()).as(result.err()).isNotZero();
            assertThat(result.err()).contains("PeerLostException: Rank 3 on host2 is lost");
        }
    }

    @Test
    void killedRank_isTheRootCauseOfAJobOfJhorovodrun() throws Exception {
        try (Jhorovodrun run = start(jhorovodrun(), "[%d]<stdout>:rank %1$d")) {
            Matcher pid = Pattern.compile("rank 3 runs on host2 as pid (\\d+)").matcher(run.err());
            assertThat(pid.find()).as(run.err()).isTrue();
            Jhorovodrun.signal("KILL", Long.parseLong(pid.group(1)));
            Jhorovodrun.Result result = run.await();
            assertThat(result.code()).as(result.err()).isEqualTo(137);
            assertThat(result.err())
                    .containsPattern("the job failed because of rank 3 on host2.*SIGKILL");
        }
    }

    @Test
    void killedLauncher_leavesNothing() throws Exception {
        try (Jhorovodrun run = start(jhorovodrun(), "[%d]<stdout>:rank %1$d")) {
            Jhorovodrun.signal("KILL", cluster.launcher());
            run.await(); // the code is salloc's, which is 0 for a command that was killed
        }
    }

    /** In a batch script too a program has SLURM_PROCID and SLURM_NTASKS, but no others. */
    @Test
    void programWithoutSrun_isAlone() throws Exception {
        Jhorovodrun.Result result =
                run(List.of("salloc", "-n", "4"), HostProgram.class, "once")
                        .with("SLURM_PROCID", "0")
                        .run();
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).contains("rank 0 of 1, local 0 of 1, cross 0 of 1");
    }

    private static List<String> jhorovodrun() {
        return List.of("salloc", "-n", "4", Jhorovodrun.SCRIPT.toString(), "--verbose");
    }

    private static Jhorovodrun.Builder run(
            List<String> starter, Class<?> program, String... arguments) {
        List<String> words = new ArrayList<>(starter);
        words.addAll(RankJava.command("", program.getName(), arguments));
        return cluster.run(words.toArray(new String[0]))
                .with("JHOROVOD_LIVENESS_TIMEOUT_SECONDS", SECONDS)
                .with("HOME", folder.toString())
                .with("OMP_NUM_THREADS", "1");
    }

    /** Four ranks that go on until something happens to them. */
    private static Jhorovodrun start(List<String> starter, String greeting) throws IOException {
        Jhorovodrun run = run(starter, HostProgram.class, "on-alone").start();
        for (int rank = 0; rank < 4; rank++) {
            run.awaitOut(greeting.formatted(rank));
        }
        return run;
    }

    private static List<String> places(String out) {
        return PLACE.matcher(out).results().map(MatchResult::group).sorted().toList();
    }
}
