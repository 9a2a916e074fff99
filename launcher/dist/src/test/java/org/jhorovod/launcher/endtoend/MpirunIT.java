package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.conformance.Mpirun;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Training programs that Open MPI's {@code mpirun} starts, without jhorovodrun. */
@Tag("mpi")
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class MpirunIT {
    private static final int RANKS = 2;

    @BeforeAll
    static void requireMpi() {
        Optional<String> whyNot = Mpirun.whyNot();
        Assumptions.assumeTrue(whyNot.isEmpty(), () -> whyNot.orElse(""));
    }

    /** The order of a sum of two does not matter, so the backends agree to the last bit. */
    @Test
    void fashionMnist_hasTheParametersOfTheHostBackend_onEveryRank() throws Exception {
        List<String> onMpi = digestsOf(train("mpi"));
        List<String> onHost = digestsOf(train("host"));

        assertThat(onMpi).hasSize(RANKS).containsOnly(onMpi.get(0));
        assertThat(onHost).isEqualTo(onMpi);
    }

    private static Mpirun.Result train(String backend) throws Exception {
        Map<String, String> environment =
                Map.of(
                        "JHOROVOD_BACKEND", backend,
                        "JHOROVOD_SEED", "7",
                        "OMP_NUM_THREADS", "1");
        Mpirun.Result result =
                new Mpirun(List.of(), environment)
                        .run(
                                RANKS,
                                List.of(
                                        Mpirun.java(),
                                        "-Xmx512m",
                                        "-Dai.djl.offline=true",
                                        "-cp",
                                        Jhorovodrun.DISTRIBUTION + "/lib/*:" + Mpirun.jar(),
                                        "org.jhorovod.examples.FashionMnist",
                                        "--epochs",
                                        "1"));
        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(result.lines(0, "stdout"))
                .contains("transport       " + (backend.equals("mpi") ? "mpi" : "unix"));
        return result;
    }

    private static List<String> digestsOf(Mpirun.Result result) {
        return IntStream.range(0, RANKS)
                .boxed()
                .flatMap(
                        rank ->
                                result.lines(rank, "stdout").stream()
                                        .filter(line -> line.startsWith("SHA-256 of rank " + rank))
                                        .map(line -> line.substring(line.lastIndexOf(' ') + 1)))
                .toList();
    }
}
