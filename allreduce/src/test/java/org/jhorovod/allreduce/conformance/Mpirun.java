package org.jhorovod.allreduce.conformance;

import com.google.common.base.Splitter;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Ranks that Open MPI's {@code mpirun} starts on this machine.
 *
 * @param options of mpirun, beside those that any machine needs
 * @param environment of mpirun, which its ranks inherit
 */
public record Mpirun(List<String> options, Map<String, String> environment) {
    private static final Duration TIMEOUT = Duration.ofMinutes(5);
    // With --tag-output [job,rank]<stream>: comes before whatever a rank writes at a time, be it a
    // line or a part of one.
    private static final Pattern TAG =
            Pattern.compile("\\[\\d+,(\\d+)]<(\\w+)>:(.*?(?:\n|(?=\\[\\d+,\\d+]<\\w+>:)|\\z))");

    /** How it ended, and what was printed, with mpirun's tags. */
    public record Result(int exitCode, String output) {

        /** The lines that a rank printed to a stream, {@code stdout} or {@code stderr}. */
        public List<String> lines(int rank, String stream) {
            StringBuilder text = new StringBuilder();
            Matcher tag = TAG.matcher(output);
            while (tag.find()) {
                if (tag.group(1).equals(String.valueOf(rank)) && tag.group(2).equals(stream)) {
                    text.append(tag.group(3));
                }
            }
            return text.toString().lines().toList();
        }
    }

    /** Why it cannot be used here, and what to do; empty if it can. */
    public static Optional<String> whyNot() {
        if (!isOnPath("mpirun")) {
            return Optional.of("mpirun is missing: run docker/install-packages");
        }
        return Files.isReadable(jar())
                ? Optional.empty()
                : Optional.of(jar() + " is missing: run docker/build-mpi-jar");
    }

    private static boolean isOnPath(String command) {
        String path = System.getenv().getOrDefault("PATH", "");
        return Splitter.on(File.pathSeparatorChar)
                .splitToStream(path)
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, command)));
    }

    /** Where {@code docker/build-mpi-jar} puts the Java classes of Open MPI. */
    public static Path jar() {
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null && !Files.exists(folder.resolve("docker/build-mpi-jar"))) {
            folder = folder.getParent();
        }
        if (folder == null) {
            throw new IllegalStateException("the tests do not run inside a checkout");
        }
        return folder.resolve("docker/target/mpi.jar");
    }

    /** The class path of this JVM, with Open MPI's Java classes. */
    public static String classPath() {
        return System.getProperty("java.class.path") + File.pathSeparator + jar();
    }

    /** The Java that runs the tests. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Runs cases of the conformance suite, and returns what the ranks say of them. */
    public List<Outcome> run(ConformanceGroup group) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of(java(), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(group.jvmArguments());
        command.addAll(List.of("-cp", classPath(), ConformanceRank.class.getName()));
        command.addAll(group.caseNames());
        Result result = run(group.size(), command);
        List<Outcome> outcomes = new ArrayList<>();
        for (int rank = 0; rank < group.size(); rank++) {
            int number = rank;
            result.lines(rank, "stdout").stream()
                    .map(line -> Outcome.parse(number, line))
                    .flatMap(Optional::stream)
                    .forEach(outcomes::add);
        }
        if (outcomes.isEmpty()) {
            throw new AssertionError("no rank said anything: " + result);
        }
        return outcomes;
    }

    /** Runs a command as so many ranks to its end. */
    public Result run(int size, List<String> command) throws IOException, InterruptedException {
        try (MpirunFolder folder = new MpirunFolder()) {
            return run(size, command, folder);
        }
    }

    private Result run(int size, List<String> command, MpirunFolder folder)
            throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of("mpirun", "-np", String.valueOf(size)));
        line.addAll(List.of("--oversubscribe", "--bind-to", "none", "--tag-output"));
        line.addAll(options);
        line.addAll(command);
        Path output = Files.createTempFile("jhorovod-mpirun-", ".txt");
        ProcessBuilder builder =
                new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("JHOROVOD_"));
        builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT", "1");
        builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        builder.environment().put("OMPI_MCA_mpi_yield_when_idle", "1");
        builder.environment().putAll(folder.environment());
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            boolean ended = process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
            String text = Files.readString(output, StandardCharsets.UTF_8);
            if (!ended) {
                throw new AssertionError("mpirun did not end: " + text);
            }
            return new Result(process.exitValue(), text);
        } finally {
            end(process);
            Files.delete(output);
        }
    }

    /** It ends its ranks only if it is asked. */
    private static void end(Process process) throws InterruptedException {
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }
}
