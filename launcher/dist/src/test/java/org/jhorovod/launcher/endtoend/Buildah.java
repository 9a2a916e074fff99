package org.jhorovod.launcher.endtoend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Images and containers that no others of this machine can see, and that go with this. */
final class Buildah implements AutoCloseable {
    private static final Path FOLDER = Path.of("target/containers/storage").toAbsolutePath();
    private static final Path TEMPORARY = FOLDER.resolve("tmp");
    private static final Duration SHORT = Duration.ofMinutes(2);
    private static final Duration LONG = Duration.ofMinutes(8);
    private static final String BASE = "localhost/base";
    private static final String IMAGE = "localhost/jhorovod";

    /**
     * Calls buildah again where it has failed before it began. To enter a container it runs a
     * sealed copy of itself, which the kernel refuses while something else has a hand on a page of
     * the copy. Standard error has to be a file, as that of {@link Programs} is.
     */
    private static final String PATIENTLY =
            """
            for try in 1 2 3 4 5; do
                "$@" && exit 0
                code=$?
                tail -n 2 /dev/stderr | grep -q 'sealing memfd copy' || exit $code
                echo "buildah $try could not begin" >&2
            done
            exit $code
            """;

    /**
     * What to run in a container.
     *
     * @param command the words
     * @param hostName by which the container knows itself
     * @param environment beside the image's
     * @param volumes as {@code --volume} takes them
     */
    record Run(
            List<String> command,
            String hostName,
            Map<String, String> environment,
            List<String> volumes) {}

    private Buildah() {}

    /** Builds the image of {@code docker/Dockerfile}. */
    static Buildah withImage(Path baseTarball) throws IOException, InterruptedException {
        Buildah buildah = new Buildah();
        buildah.close(); // what a run that was ended has left
        Files.createDirectories(TEMPORARY);
        try {
            String scratch = buildah.run(SHORT, "from", "scratch").strip();
            buildah.run(SHORT, "add", "--quiet", scratch, baseTarball.toString(), "/");
            buildah.run(SHORT, "commit", "--quiet", "--rm", scratch, BASE);
            buildah.run(
                    LONG,
                    "bud",
                    "--isolation",
                    "chroot",
                    "--build-arg",
                    "BASE=" + BASE,
                    "--tag",
                    IMAGE,
                    "--file",
                    DockerFolder.PATH.resolve("Dockerfile").toString(),
                    DockerFolder.CHECKOUT.toString());
            return buildah;
        } catch (IOException | InterruptedException | AssertionError e) {
            buildah.close();
            throw e;
        }
    }

    /** Makes a container of the image. */
    void create(String container) throws IOException, InterruptedException {
        run(SHORT, "from", "--name", container, IMAGE);
    }

    /** The image's configuration. */
    String inspect(String format) throws IOException, InterruptedException {
        return run(SHORT, "inspect", "--type", "image", "--format", format, IMAGE).strip();
    }

    /** The words that run something in a container, in whatever network they are called in. */
    static List<String> words(String container, Run run) {
        List<String> words = new ArrayList<>(program());
        words.addAll(List.of("run", "--isolation", "chroot", "--hostname", run.hostName()));
        words.add("--no-hosts"); // else buildah's own file may win over the volume
        run.volumes().forEach(volume -> words.addAll(List.of("--volume", volume)));
        run.environment()
                .forEach((name, value) -> words.addAll(List.of("--env", name + "=" + value)));
        words.addAll(List.of(container, "--"));
        words.addAll(run.command());
        return words;
    }

    private static List<String> program() {
        return List.of(
                "sh",
                "-c",
                PATIENTLY,
                "buildah", // what the shell calls itself
                "env",
                "TMPDIR=" + TEMPORARY, // else what is ended leaves its files in the system's
                "buildah",
                "--root",
                FOLDER.resolve("root").toString(),
                "--runroot",
                FOLDER.resolve("run").toString(),
                "--storage-driver",
                "vfs");
    }

    private String run(Duration timeout, String... arguments)
            throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(program());
        words.addAll(Arrays.asList(arguments));
        return Programs.require(timeout, words.toArray(new String[0]));
    }

    @Override
    public void close() throws IOException, InterruptedException {
        Programs.require(LONG, "rm", "-rf", "--one-file-system", FOLDER.toString());
    }
}
