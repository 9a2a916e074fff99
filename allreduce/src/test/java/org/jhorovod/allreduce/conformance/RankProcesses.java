package org.jhorovod.allreduce.conformance;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import com.google.common.net.HostAndPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreServer;

/**
 * Ranks that are processes of this machine, each with a JVM and the class path of this one.
 *
 * @param address where the ranks meet and listen
 * @param mainClass of each rank
 * @param jvmArguments of each rank, beside those that the group asks for
 * @param environment of a rank, beside what makes it a rank; wins over that
 */
public record RankProcesses(
        InetAddress address,
        String mainClass,
        List<String> jvmArguments,
        IntFunction<Map<String, String>> environment) {
    private static final Duration TIMEOUT = Duration.ofMinutes(8);
    private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(5);

    /** Ranks of one host that run {@link ConformanceRank}. */
    public static RankProcesses onLoopback() {
        return new RankProcesses(
                InetAddress.getLoopbackAddress(),
                ConformanceRank.class.getName(),
                List.of(),
                rank -> Map.of());
    }

    /**
     * Runs a group to its end.
     *
     * @return what the ranks printed of their cases
     * @throws AssertionError with its output, if a rank fails or does not end in time
     */
    public List<Outcome> run(ConformanceGroup group) throws IOException, InterruptedException {
        List<String> outputs =
                run(group.size(), group.jvmArguments(), group.caseNames(), group.dyingRank());
        List<Outcome> outcomes = new ArrayList<>();
        for (int rank = 0; rank < group.size(); rank++) {
            int number = rank;
            outputs.get(rank)
                    .lines()
                    .map(line -> Outcome.parse(number, line))
                    .flatMap(Optional::stream)
                    .forEach(outcomes::add);
        }
        return outcomes;
    }

    /**
     * Runs the main class to its end.
     *
     * @param dyingRank whose exit code may be anything; -1 for none
     * @return what each rank printed, by rank
     * @throws AssertionError with its output, if a rank fails or does not end in time
     */
    public List<String> run(
            int size, List<String> moreJvmArguments, List<String> arguments, int dyingRank)
            throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("jhorovod-ranks-");
        Secret secret = Secret.random();
        Path secretFile = Files.writeString(folder.resolve("secret"), secret.encoded());
        List<Process> processes = new ArrayList<>();
        try (StoreServer store =
                StoreServer.open(new InetSocketAddress(address, 0), secret, HANDSHAKE_TIMEOUT)) {
            Map<String, String> job =
                    Map.of(
                            "JHOROVOD_SIZE",
                            String.valueOf(size),
                            "JHOROVOD_RENDEZVOUS",
                            HostAndPort.fromParts(address.getHostAddress(), store.port())
                                    .toString(),
                            "JHOROVOD_RUN_ID",
                            folder.getFileName().toString(),
                            "JHOROVOD_SECRET_FILE",
                            secretFile.toString());
            List<String> command = command(moreJvmArguments, arguments);
            for (int rank = 0; rank < size; rank++) {
                processes.add(start(command, job, rank, size, folder));
            }
            long end = System.nanoTime() + TIMEOUT.toNanos();
            for (int rank = 0; rank < size; rank++) {
                awaitEnd(processes.get(rank), end, rank == dyingRank, log(folder, rank));
            }
            return outputs(folder, size);
        } finally {
            processes.forEach(Process::destroyForcibly);
            MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
        }
    }

    private List<String> command(List<String> moreJvmArguments, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC"));
        command.addAll(jvmArguments);
        command.addAll(moreJvmArguments);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
        command.addAll(arguments);
        return command;
    }

    private Process start(
            List<String> command, Map<String, String> job, int rank, int size, Path folder)
            throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(log(folder, rank).toFile());
        Map<String, String> variables = builder.environment();
        variables.keySet().removeIf(name -> name.startsWith("JHOROVOD_"));
        variables.putAll(job);
        variables.put("JHOROVOD_RANK", String.valueOf(rank));
        variables.put("JHOROVOD_LOCAL_RANK", String.valueOf(rank));
        variables.put("JHOROVOD_LOCAL_SIZE", String.valueOf(size));
        variables.put("JHOROVOD_CROSS_RANK", "0");
        variables.put("JHOROVOD_CROSS_SIZE", "1");
        variables.putAll(environment.apply(rank));
        return builder.start();
    }

    private static Path log(Path folder, int rank) {
        return folder.resolve("rank." + rank);
    }

    private static void awaitEnd(Process process, long endNanos, boolean mayFail, Path log)
            throws IOException, InterruptedException {
        boolean ended =
                process.waitFor(Math.max(1, endNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
        if (!ended || (process.exitValue() != 0 && !mayFail)) {
            throw new AssertionError(
                    "%s %s:%n%s"
                            .formatted(
                                    log.getFileName(),
                                    ended ? "ended with " + process.exitValue() : "did not end",
                                    Files.readString(log)));
        }
    }

    private static List<String> outputs(Path folder, int size) throws IOException {
        List<String> outputs = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            outputs.add(Files.readString(log(folder, rank)));
        }
        return outputs;
    }
}
