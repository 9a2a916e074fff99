package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.conformance.Mpirun;
import org.jhorovod.allreduce.conformance.MpirunFolder;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Training programs that Open MPI's {@code mpirun} starts, without jhorovodrun. */
@Tag("mpi")
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class MpirunIT {
    private static final int RANKS = 2;

    /** Three ranks on two cores, and perhaps not alone on them. */
    private static final Duration TRAINING = Duration.ofMinutes(2);

    @TempDir static Path data;
    private static String images;

    @BeforeAll
    static void requireMpi() throws IOException {
        Optional<String> whyNot = Mpirun.whyNot();
        Assumptions.assumeTrue(whyNot.isEmpty(), () -> whyNot.orElse(""));
        images = FewImages.option(data);
    }

    /** The order of a sum of two does not matter, so the backends agree to the last bit. */
    @Test
    void fashionMnist_hasTheParametersOfTheHostBackend_onEveryRank() throws Exception {
        List<String> onMpi = digestsOf(train("mpi"), RANKS);
        List<String> onHost = digestsOf(train("host"), RANKS);

        assertThat(onMpi).hasSize(RANKS).containsOnly(onMpi.get(0));
        assertThat(onHost).isEqualTo(onMpi);
    }

    /** Ranks 0 and 1 on one host, 2 on the other: places found by mpirun's word alone. */
    @Test
    void ranksOnTwoHosts_findEachOtherAndTrain(@TempDir Path folder) throws Exception {
        try (Hosts hosts = Hosts.create(2, folder)) {
            Mpirun.Result result = onTwoHosts(hosts, "mpi", fashionMnist());
            List<String> digests = digestsOf(result, 3);
            assertThat(digests).hasSize(3).containsOnly(digests.get(0));
            assertThat(result.lines(0, "stdout"))
                    .contains("ranks           3", "transport       mpi");
        }
    }

    @Test
    void ranksOnTwoHosts_haveTheModelOfOneHost(@TempDir Path folder) throws Exception {
        CnnRun here = CnnRun.here(3, folder);
        try (Hosts hosts = Hosts.create(2, folder)) {
            for (String backend : List.of("host", "mpi")) {
                Path models = folder.resolve(backend);
                List<String> program =
                        RankJava.command(
                                Mpirun.jar() + ":", CnnProgram.class.getName(), models.toString());
                Mpirun.Result result = onTwoHosts(hosts, backend, program);
                String out =
                        IntStream.range(0, 3)
                                .mapToObj(rank -> String.join("\n", result.lines(rank, "stdout")))
                                .collect(Collectors.joining("\n"));
                new CnnRun(out, models)
                        .assertModelOf(
                                here,
                                "rank 0 of 3, local 0 of 2, cross 0 of 2",
                                "rank 1 of 3, local 1 of 2, cross 0 of 1",
                                "rank 2 of 3, local 0 of 1, cross 1 of 2");
            }
        }
    }

    private static Mpirun.Result onTwoHosts(Hosts hosts, String backend, List<String> program)
            throws Exception {
        List<String> words = new ArrayList<>(List.of("mpirun", "-np", "3", "--tag-output"));
        words.addAll(List.of("--host", "host1:2,host2:1", "--bind-to", "none"));
        words.addAll(List.of("--mca", "plm_rsh_agent", "ssh -F " + hosts.file("config")));
        // The hosts are pretended: their segments of shared memory would have the same names.
        words.addAll(List.of("--mca", "btl", "tcp,self"));
        words.addAll(List.of("--mca", "btl_tcp_if_include", Hosts.v4(0) + "/24"));
        words.addAll(List.of("--mca", "oob_tcp_if_include", Hosts.v4(0) + "/24"));
        words.addAll(List.of("--mca", "mpi_yield_when_idle", "1"));
        words.addAll(List.of("-x", "JHOROVOD_BACKEND=" + backend, "-x", "OMP_NUM_THREADS=1"));
        words.addAll(program);
        try (MpirunFolder folder = new MpirunFolder()) {
            Jhorovodrun.Result run =
                    hosts.program(1, words)
                            .with(folder.environment())
                            .with("OMPI_ALLOW_RUN_AS_ROOT", "1")
                            .with("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
                            .run(TRAINING);
            assertThat(run.code()).as(run.out() + run.err()).isZero();
            hosts.awaitNothingLeft(Duration.ofSeconds(15));
            return new Mpirun.Result(run.code(), run.out());
        }
    }

    private static List<String> fashionMnist() {
        return List.of(
                Mpirun.java(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1", // starts sooner
                "-Dai.djl.offline=true",
                "-cp",
                Jhorovodrun.DISTRIBUTION + "/lib/*:" + Mpirun.jar(),
                "org.jhorovod.examples.FashionMnist",
                images,
                "--epochs",
                "1");
    }

    private static Mpirun.Result train(String backend) throws Exception {
        Map<String, String> environment =
                Map.of(
                        "JHOROVOD_BACKEND", backend,
                        "JHOROVOD_SEED", "7",
                        "OMP_NUM_THREADS", "1");
        Mpirun.Result result = new Mpirun(List.of(), environment).run(RANKS, fashionMnist());
        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(result.lines(0, "stdout"))
                .contains("transport       " + (backend.equals("mpi") ? "mpi" : "shm"));
        return result;
    }

    private static List<String> digestsOf(Mpirun.Result result, int ranks) {
        return IntStream.range(0, ranks)
                .boxed()
                .flatMap(
                        rank ->
                                result.lines(rank, "stdout").stream()
                                        .filter(line -> line.startsWith("SHA-256 of rank " + rank))
                                        .map(line -> line.substring(line.lastIndexOf(' ') + 1)))
                .toList();
    }
}
