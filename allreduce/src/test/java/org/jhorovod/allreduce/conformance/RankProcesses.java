package org.jhorovod.allreduce.conformance;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.jhorovod.allreduce.ranks.LocalJob;

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

    /**
     * Ranks of one host that run {@link ConformanceRank}.
     *
     * @param environment of each rank
     */
    public static RankProcesses onLoopback(Map<String, String> environment) {
        return new RankProcesses(
                InetAddress.getLoopbackAddress(),
                ConformanceRank.class.getName(),
                List.of("-XX:TieredStopAtLevel=1"), // starts sooner
                rank -> environment);
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
        try (LocalJob job = LocalJob.open(address, size)) {
            List<String> allJvmArguments = new ArrayList<>(jvmArguments);
            allJvmArguments.addAll(moreJvmArguments);
            List<Process> processes = new ArrayList<>();
            try {
                for (int rank = 0; rank < size; rank++) {
                    ProcessBuilder builder =
                            job.rank(rank, allJvmArguments, mainClass, arguments)
                                    .redirectErrorStream(true)
                                    .redirectOutput(job.log(rank).toFile());
                    builder.environment().putAll(environment.apply(rank));
                    processes.add(builder.start());
                }
                long end = System.nanoTime() + TIMEOUT.toNanos();
                List<String> outputs = new ArrayList<>();
                for (int rank = 0; rank < size; rank++) {
                    awaitEnd(processes.get(rank), end, rank == dyingRank, job.log(rank));
                    outputs.add(Files.readString(job.log(rank)));
                }
                return outputs;
            } finally {
                processes.forEach(Process::destroyForcibly);
            }
        }
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
}
