package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.Streams;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.kubernetes.client.openapi.models.V1Container;
import io.kubernetes.client.openapi.models.V1EnvVar;
import io.kubernetes.client.openapi.models.V1PodSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The image of {@code docker/Dockerfile}, really built, and its containers as hosts with a network
 * of their own: what the compose file and the Indexed Job say is run as they say it.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class ContainersIT {
    private static final String USER = "10001:10001";
    private static final Duration SHORT = Duration.ofMinutes(1);
    private static final Duration TRAINING = Duration.ofMinutes(4);
    private static final List<String> HOSTS = List.of("worker1", "worker2", "launcher");
    private static final List<String> SMALL = List.of("--epochs", "1");

    @TempDir static Path folder;
    private static Buildah buildah;
    private static ContainerNetwork network;

    @BeforeAll
    static void makeContainers() throws Exception {
        Assumptions.assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "needs root, to make containers and network namespaces");
        Programs.assume("buildah", "mmdebstrap", "ip", "apt-get");
        buildah = Buildah.withImage(BaseImage.tarball());
        for (String host : HOSTS) {
            buildah.create(host);
        }
        network =
                ContainerNetwork.create(
                        List.of(
                                "worker1 jhorovod-0.jhorovod",
                                "worker2 jhorovod-1.jhorovod",
                                "launcher"),
                        folder);
        Path keys = Files.createDirectory(folder.resolve("keys"));
        Programs.require(SHORT, "chown", USER, keys.toString());
    }

    @AfterAll
    static void removeContainers() throws Exception {
        if (network != null) {
            network.close();
        }
        if (buildah != null) {
            buildah.close();
        }
    }

    @AfterEach
    void stopAll() throws Exception {
        for (String host : HOSTS) {
            network.stop(host);
        }
    }

    @Test
    void image_runsAsAUserWithoutRoot_andHoldsNoKeys() throws Exception {
        assertThat(buildah.inspect("{{.OCIv1.Config.User}}")).isEqualTo(USER);
        assertThat(output("id", "-u").strip()).isEqualTo("10001");
        assertThat(
                        output(
                                "sh",
                                "-c",
                                "find / -xdev -name '*host*key*' -path '*ssh*' 2>/dev/null; :"))
                .isEmpty();
        assertThat(output("sh", "-c", "find . -type f -path '*ssh*'")).isEmpty();
    }

    @Test
    void image_hasTheLauncherOnItsPath() throws Exception {
        assertThat(output("jhorovodrun", "--help")).startsWith("Usage: jhorovodrun -np N");
        assertThat(output("mpirun", "--version")).contains("Open MPI");
    }

    @Test
    void sshd_saysWhatIsMissing_withoutKeys() throws Exception {
        Jhorovodrun.Result result = run("launcher", List.of("jhorovod-sshd"), "x", Map.of(), "");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err())
                .contains("/home/jhorovod/.ssh/authorized_keys cannot be read; mount a folder");
    }

    @Test
    void composeFile_trainsOnTwoHosts() throws Exception {
        assertThat(runService("keys", inWorkingFolder("keys")).code()).isZero();
        try (Programs.Running worker1 = startService("worker1");
                Programs.Running worker2 = startService("worker2")) {
            awaitHealthy("worker1", worker1);
            awaitHealthy("worker2", worker2);
            List<String> command = command("launcher");
            command.add("--");
            command.addAll(SMALL);
            Jhorovodrun.Result result = runService("launcher", command);
            assertThat(result.code()).as(result.err()).isZero();
            assertThat(result.out())
                    .contains("[0]<stdout>:ranks           4", "transport       tcp");
            assertThat(accuracy(result.out())).isGreaterThan(0.7);
            assertThat(sums(result.out())).hasSize(4);
            assertThat(sums(result.out()).stream().distinct()).hasSize(1);

            Jhorovodrun.Result stranger = runWithOtherKeys();
            assertThat(stranger.code()).isNotZero();
            assertThat(stranger.err()).contains("worker1: ", "Host key verification failed");
        }
    }

    /** One job for each way of starting ranks on other hosts. */
    @Test
    void twoContainers_haveTheModelOfOneHost_andMpirunStartsRanksThere(@TempDir Path here)
            throws Exception {
        Path models = Files.createDirectory(folder.resolve("models"));
        Programs.require(SHORT, "chown", USER, models.toString());
        List<String> volumes =
                List.of(
                        volume("launcher"),
                        Path.of("target/test-classes").toAbsolutePath() + ":/tests:ro",
                        models + ":/models");
        assertThat(runService("keys", inWorkingFolder("keys")).code()).isZero();
        try (Programs.Running worker1 = startWorker("worker1", volumes);
                Programs.Running worker2 = startWorker("worker2", volumes)) {
            awaitHealthy("worker1", worker1);
            awaitHealthy("worker2", worker2);
            Jhorovodrun.Result cnn = launch(volumes, "", CnnProgram.class, "/models/rank");
            assertThat(cnn.code()).as(cnn.err()).isZero();
            new CnnRun(cnn.out(), models.resolve("rank"))
                    .assertModelOf(
                            CnnRun.here(3, here),
                            "rank 0 of 3, local 0 of 2, cross 0 of 2",
                            "rank 1 of 3, local 1 of 2, cross 0 of 1",
                            "rank 2 of 3, local 0 of 1, cross 1 of 2");

            Jhorovodrun.Result mpi = launch(volumes, "--mpi", HostProgram.class, "once");
            assertThat(mpi.code()).as(mpi.err()).isZero();
            assertThat(mpi.sortedLines())
                    .containsExactly(
                            "[0]<stdout>:rank 0 of 3, local 0 of 2, cross 0 of 2, on worker1, sum"
                                    + " 3",
                            "[1]<stdout>:rank 1 of 3, local 1 of 2, cross 0 of 1, on worker1, sum"
                                    + " 3",
                            "[2]<stdout>:rank 2 of 3, local 0 of 1, cross 1 of 2, on worker2, sum"
                                    + " 3");
        }
    }

    private static Programs.Running startWorker(String name, List<String> volumes)
            throws IOException {
        return start(name, command(name), name, Map.of(), volumes);
    }

    /** Runs jhorovodrun in the launcher's container for three ranks in the workers'. */
    private static Jhorovodrun.Result launch(
            List<String> volumes, String option, Class<?> program, String argument)
            throws Exception {
        List<String> command = new ArrayList<>(List.of("jhorovodrun"));
        if (!option.isEmpty()) {
            command.add(option);
        }
        command.addAll(List.of("-H", "worker1:2,worker2:1", "--ssh-port", "2222"));
        command.addAll(List.of("java", "-Xmx512m", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-Dai.djl.offline=true", "-cp", "/tests:/opt/jhorovod/lib/*"));
        command.addAll(List.of(program.getName(), argument));
        try (Programs.Running running = start("launcher", command, "launcher", Map.of(), volumes)) {
            return running.await(TRAINING);
        }
    }

    private static Jhorovodrun.Result runWithOtherKeys() throws Exception {
        Path other = Files.createDirectory(folder.resolve("other-keys"));
        Programs.require(SHORT, "chown", USER, other.toString());
        String volume = other + ":/home/jhorovod/.ssh";
        run("launcher", inWorkingFolder("keys"), "keys", Map.of(), volume);
        List<String> command =
                List.of("jhorovodrun", "-np", "1", "-H", "worker1", "--ssh-port", "2222", "true");
        return run("launcher", command, "launcher", Map.of(), volume);
    }

    @Test
    void indexedJob_trainsWithoutALauncher_asTwoRanksOfOneMachineDo() throws Exception {
        Path secret = Files.createDirectory(folder.resolve("secret"));
        Files.writeString(secret.resolve("secret"), "0123456789abcdef0123456789abcdef");
        Path images = FewImages.write(Files.createDirectory(folder.resolve("few")));
        try (Programs.Running rank0 = startPod(0, secret, images);
                Programs.Running rank1 = startPod(1, secret, images)) {
            Jhorovodrun.Result first = rank0.await(TRAINING);
            Jhorovodrun.Result second = rank1.await(TRAINING);
            assertThat(first.code()).as(first.err()).isZero();
            assertThat(second.code()).as(second.err()).isZero();
            assertThat(first.out()).contains("ranks           2", "transport       tcp");
            assertThat(sums(first.out())).hasSize(1).isEqualTo(sums(second.out()));
            assertThat(sums(onThisMachine(images)))
                    .hasSize(2)
                    .containsOnly(sums(first.out()).get(0));
        }
    }

    private static String onThisMachine(Path images) throws Exception {
        List<String> words =
                new ArrayList<>(List.of("-np", "2", "--example", "fashion-mnist", "--"));
        words.addAll(SMALL);
        words.add("--data=" + images);
        return Jhorovodrun.of(words.toArray(new String[0]))
                .with("OMP_NUM_THREADS", "1")
                .withQuickStarts()
                .run()
                .out();
    }

    // --- What a service of the compose file is --------------------------------------------------

    private static JsonObject service(String name) throws IOException {
        return DockerFolder.document("compose.yaml")
                .getAsJsonObject("services")
                .getAsJsonObject(name);
    }

    private static List<String> command(String service) throws IOException {
        return strings(service(service).get("command"));
    }

    private static List<String> strings(JsonElement array) {
        return new ArrayList<>(
                Streams.stream(array.getAsJsonArray()).map(JsonElement::getAsString).toList());
    }

    private static Jhorovodrun.Result runService(String name, List<String> command)
            throws Exception {
        // In the launcher's container: all services are of one image.
        return run("launcher", command, name, Map.of(), volume(name));
    }

    private static List<String> inWorkingFolder(String service) throws IOException {
        JsonElement workingFolder = service(service).get("working_dir");
        List<String> command = command(service);
        if (workingFolder != null) {
            command.addAll(0, List.of("env", "--chdir", workingFolder.getAsString()));
        }
        return command;
    }

    private static Programs.Running startService(String name) throws IOException {
        return start(name, command(name), name, Map.of(), volume(name));
    }

    /** The folder with keys in place of the volume of that name. */
    private static String volume(String service) throws IOException {
        String volume = DockerFolder.at(service(service), "volumes.0").getAsString();
        assertThat(volume).startsWith("keys:");
        return folder.resolve("keys") + volume.substring(volume.indexOf(':'));
    }

    private static void awaitHealthy(String service, Programs.Running running) throws IOException {
        List<String> test = strings(DockerFolder.at(service(service), "healthcheck.test"));
        assertThat(test.remove(0)).isEqualTo("CMD");
        Awaitility.await(service)
                .atMost(SHORT)
                .pollInterval(Duration.ofMillis(500))
                .untilAsserted(
                        () ->
                                assertThat(run(service, test, service, Map.of(), "").code())
                                        .as(running.err())
                                        .isZero());
    }

    // --- What a pod of the Indexed Job is -------------------------------------------------------

    private static Programs.Running startPod(int index, Path secret, Path images) throws Exception {
        V1PodSpec pods =
                Manifests.job(DockerFolder.documents("job.yaml").get(1))
                        .getSpec()
                        .getTemplate()
                        .getSpec();
        String host = HOSTS.get(index);
        String hostName = "jhorovod-" + index;
        V1Container rank = pods.getContainers().get(0);
        List<String> command = new ArrayList<>(rank.getCommand());
        command.addAll(SMALL);
        command.add("--data=/images");
        List<String> volumes =
                List.of(
                        secret + ":" + rank.getVolumeMounts().get(0).getMountPath() + ":ro",
                        images + ":/images:ro");
        return start(host, command, hostName, environment(rank, index), volumes);
    }

    private static Map<String, String> environment(V1Container rank, int index) {
        Map<String, String> environment = new TreeMap<>();
        environment.put("JAVA_TOOL_OPTIONS", Jhorovodrun.QUICK_STARTS);
        environment.put("JOB_COMPLETION_INDEX", Integer.toString(index));
        for (V1EnvVar variable : rank.getEnv()) {
            String value = variable.getValue();
            // A core is what each has here.
            environment.put(variable.getName(), value == null ? "1" : value);
        }
        return environment;
    }

    // --- Containers -----------------------------------------------------------------------------

    private static String output(String... command) throws Exception {
        Jhorovodrun.Result result = run("launcher", List.of(command), "x", Map.of(), "");
        assertThat(result.code()).as(result.err()).isZero();
        return result.out();
    }

    private static Jhorovodrun.Result run(
            String host,
            List<String> command,
            String hostName,
            Map<String, String> environment,
            String volume)
            throws IOException, InterruptedException {
        try (Programs.Running running = start(host, command, hostName, environment, volume)) {
            return running.await(TRAINING);
        }
    }

    private static Programs.Running start(
            String host,
            List<String> command,
            String hostName,
            Map<String, String> environment,
            String volume)
            throws IOException {
        List<String> volumes = volume.isEmpty() ? List.of() : List.of(volume);
        return start(host, command, hostName, environment, volumes);
    }

    private static Programs.Running start(
            String host,
            List<String> command,
            String hostName,
            Map<String, String> environment,
            List<String> volumes)
            throws IOException {
        List<String> all = new ArrayList<>(List.of(network.names() + ":/etc/hosts:ro"));
        all.addAll(volumes);
        Buildah.Run run = new Buildah.Run(command, hostName, environment, all);
        return Programs.start(network.words(host, Buildah.words(host, run)));
    }

    private static List<String> sums(String text) {
        return Pattern.compile("SHA-256 of rank \\d+'s parameters: ([0-9a-f]{64})")
                .matcher(text)
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
    }

    private static double accuracy(String text) {
        return Pattern.compile("test accuracy +(\\S+)")
                .matcher(text)
                .results()
                .mapToDouble(match -> Double.parseDouble(match.group(1)))
                .findFirst()
                .orElseThrow();
    }
}
