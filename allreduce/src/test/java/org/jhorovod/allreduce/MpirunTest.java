package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.backend.mpi.MpiBackendProvider;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.conformance.Mpirun;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreServer;
import org.jhorovod.allreduce.spi.Availability;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs that {@code mpirun} starts find each other, and end. */
@Tag("mpi")
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class MpirunTest {

    @BeforeAll
    static void requireMpi() {
        Optional<String> whyNot = Mpirun.whyNot();
        Assumptions.assumeTrue(whyNot.isEmpty(), () -> whyNot.orElse(""));
    }

    private static List<String> program(String classPath, String how) {
        return List.of(
                Mpirun.java(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-cp",
                classPath,
                MpirunProgram.class.getName(),
                how);
    }

    private static String withoutMpiJar() {
        return System.getProperty("java.class.path");
    }

    @Test
    void ranksOfAPlainMpirun_meetOverMpi_andUseOurOwnCollectives() throws Exception {
        Mpirun.Result result =
                new Mpirun(List.of(), Map.of()).run(2, program(Mpirun.classPath(), "return"));

        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(result.lines(0, "stdout"))
                .contains("rank 0 of 2, local 0 of 2, cross 0 of 1, shm, sum 3");
        assertThat(result.lines(1, "stdout"))
                .contains("rank 1 of 2, local 1 of 2, cross 0 of 1, shm, sum 3");
    }

    @Test
    void ranksOfAPlainMpirun_useMpisCollectives_whereTheyAreAskedFor() throws Exception {
        Mpirun.Result result =
                new Mpirun(List.of(), Map.of("JHOROVOD_BACKEND", "mpi"))
                        .run(2, program(Mpirun.classPath(), "return"));

        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(result.lines(1, "stdout"))
                .contains("rank 1 of 2, local 1 of 2, cross 0 of 1, mpi, sum 3");
    }

    @Test
    void aPlainMpirunWithoutMpiJar_pointsToJhorovodrun_inOneLine() throws Exception {
        Mpirun.Result result =
                new Mpirun(List.of(), Map.of()).run(2, program(withoutMpiJar(), "return"));

        assertThat(result.exitCode()).isNotZero();
        assertThat(result.output().lines())
                .anySatisfy(
                        line ->
                                assertThat(line)
                                        .contains(
                                                "mpi.jar",
                                                "jhorovodrun --mpi",
                                                "docker/build-mpi-jar"));
    }

    @Test
    void ranksNeedNoMpiJar_whereALauncherHostsTheStore() throws Exception {
        Secret secret = Secret.random();
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (StoreServer store =
                StoreServer.open(
                        new InetSocketAddress(loopback, 0), secret, Duration.ofSeconds(5))) {
            String rendezvous = loopback.getHostAddress() + ":" + store.port();
            List<String> forwarded = List.of("-x", "JHOROVOD_RENDEZVOUS", "-x", "JHOROVOD_SECRET");
            Map<String, String> environment =
                    Map.of("JHOROVOD_RENDEZVOUS", rendezvous, "JHOROVOD_SECRET", secret.encoded());
            Mpirun.Result result =
                    new Mpirun(forwarded, environment).run(2, program(withoutMpiJar(), "return"));

            assertThat(result.exitCode()).as(result.output()).isZero();
            assertThat(result.lines(1, "stdout"))
                    .as(result.output())
                    .contains("rank 1 of 2, local 1 of 2, cross 0 of 1, shm, sum 3");
        }
    }

    @Test
    void exitCodesOfRanks_becomeThatOfMpirun() throws Exception {
        Mpirun.Result result =
                new Mpirun(List.of(), Map.of("JHOROVOD_BACKEND", "mpi"))
                        .run(2, program(Mpirun.classPath(), "exit"));

        assertThat(result.exitCode()).as(result.output()).isEqualTo(3);
    }

    @Test
    void survivorsEnd_alsoWhereADeathLeavesThemStuckInMpi() throws Exception {
        // Without recovery mpirun ends the survivors itself, at once.
        Mpirun.Result result =
                new Mpirun(List.of("--enable-recovery"), Map.of("JHOROVOD_BACKEND", "mpi"))
                        .run(3, program(Mpirun.classPath(), "die"));

        assertThat(result.lines(0, "stdout")).as(result.output()).contains("lost rank 2");
        assertThat(result.lines(1, "stdout")).as(result.output()).contains("lost rank 2");
    }

    @Test
    void mpirunEndsTheJob_andExitsWithTheCodeOfTheRankThatDied() throws Exception {
        Mpirun.Result result =
                new Mpirun(List.of(), Map.of("JHOROVOD_BACKEND", "mpi"))
                        .run(2, program(Mpirun.classPath(), "die"));

        assertThat(result.exitCode()).as(result.output()).isEqualTo(9);
    }

    @Test
    void theBackend_saysWhyItIsNotThere_andHowToGetIt() {
        Availability availability = new MpiBackendProvider().probe(Configuration.of(Map.of()));

        assertThat(availability.isAvailable()).isFalse();
        assertThat(availability.details()).contains("docker/build-mpi-jar");
    }
}
