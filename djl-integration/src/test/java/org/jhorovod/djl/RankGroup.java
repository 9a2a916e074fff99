package org.jhorovod.djl;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreServer;
import org.jspecify.annotations.Nullable;

/**
 * Ranks that stay: one process each, which meet once and then run a whole table of {@link
 * RankCase}s. After a case that ends the communicator the group is of no more use.
 *
 * <pre>{@code
 * try (RankGroup group = RankGroup.start(2)) {
 *     List<String> results = group.run(MyCase.class, "argument");
 * }
 * }</pre>
 *
 * <p>Every wait has a deadline; when a case is late, the failure shows all threads of all ranks.
 */
final class RankGroup implements AutoCloseable {
    private static final Duration CASE_TIMEOUT = Duration.ofMinutes(4);
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(2);
    private static final Duration END_TIMEOUT = Duration.ofSeconds(10);
    private static final int SHOWN_LOG_CHARACTERS = 4000;

    private final Path folder;
    private final StoreServer store;
    private final List<Rank> ranks = new ArrayList<>();
    private boolean isBroken;

    private record Rank(
            int number, Process process, Writer cases, BlockingQueue<String> answers, Path log) {}

    private RankGroup(Path folder, StoreServer store) {
        this.folder = folder;
        this.store = store;
    }

    /** Starts the processes of a group; they meet in its first case. */
    static RankGroup start(int size) {
        return start(size, Map.of());
    }

    /**
     * Starts the processes with further environment variables.
     *
     * @param environment such as settings of JHorovod
     */
    static RankGroup start(int size, Map<String, String> environment) {
        try {
            Path folder = Files.createTempDirectory("jhorovod-ranks");
            Secret secret = Secret.random();
            Path secretFile = Files.writeString(folder.resolve("secret"), secret.encoded());
            InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            StoreServer store = StoreServer.open(any, secret, Duration.ofSeconds(5));
            RankGroup group = new RankGroup(folder, store);
            for (int rank = 0; rank < size; rank++) {
                group.ranks.add(group.startRank(rank, size, secretFile, environment));
            }
            return group;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Rank startRank(int rank, int size, Path secretFile, Map<String, String> environment)
            throws IOException {
        Path log = folder.resolve("rank-" + rank + ".log");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // The ranks' code counts for the coverage of the run.
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("-javaagent:"))
                .forEach(agent -> command.add(agent + ",includes=org.jhorovod.*"));
        // Many short-lived JVMs on few cores: what starts fast is fast enough.
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m"));
        command.add("-Dai.djl.offline=true");
        command.addAll(
                List.of("-cp", System.getProperty("java.class.path"), RankWorker.class.getName()));
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> variables = builder.environment();
        variables.keySet().removeIf(name -> name.startsWith("JHOROVOD_"));
        variables.put("JHOROVOD_RANK", Integer.toString(rank));
        variables.put("JHOROVOD_SIZE", Integer.toString(size));
        variables.put("JHOROVOD_LOCAL_RANK", Integer.toString(rank));
        variables.put("JHOROVOD_LOCAL_SIZE", Integer.toString(size));
        variables.put("JHOROVOD_CROSS_RANK", "0");
        variables.put("JHOROVOD_CROSS_SIZE", "1");
        variables.put("JHOROVOD_RENDEZVOUS", "127.0.0.1:" + store.port());
        variables.put("JHOROVOD_RUN_ID", folder.getFileName().toString());
        variables.put("JHOROVOD_SECRET_FILE", secretFile.toString());
        variables.put("JHOROVOD_START_TIMEOUT_SECONDS", "180"); // a loaded machine starts slowly
        variables.put("JHOROVOD_HANDSHAKE_TIMEOUT_SECONDS", "60");
        variables.put("OMP_NUM_THREADS", "1");
        variables.put("OPT_OUT_TRACKING", "true");
        variables.putAll(environment);
        Process process = builder.redirectError(log.toFile()).start();
        BlockingQueue<String> answers = new LinkedBlockingQueue<>();
        Thread reader = new Thread(() -> read(process, answers), "rank-" + rank + "-answers");
        reader.setDaemon(true);
        reader.start();
        return new Rank(rank, process, process.outputWriter(StandardCharsets.UTF_8), answers, log);
    }

    private static void read(Process process, BlockingQueue<String> answers) {
        try (BufferedReader lines =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(RankWorker.RESULT) || line.startsWith(RankWorker.FAILURE)) {
                    answers.add(line);
                }
            }
        } catch (IOException e) {
            // the process has been ended
        }
        answers.add(RankWorker.FAILURE + RankWorker.encode(List.of("The process has ended.")));
    }

    /**
     * Runs a case on all ranks.
     *
     * @return the ranks' results in rank order
     * @throws AssertionError if a rank fails or is late, with what all ranks said
     */
    List<String> run(Class<? extends RankCase> rankCase, String... arguments) {
        List<Outcome> outcomes = outcomes(rankCase, arguments);
        if (outcomes.stream().anyMatch(Outcome::hasFailed)) {
            StringBuilder text = new StringBuilder(rankCase.getName() + " failed:");
            for (int rank = 0; rank < outcomes.size(); rank++) {
                if (outcomes.get(rank).hasFailed()) {
                    text.append("\nrank %d: %s".formatted(rank, outcomes.get(rank).text()));
                }
                text.append("\nrank %d logged: %s".formatted(rank, logOf(ranks.get(rank))));
            }
            throw new AssertionError(text.toString());
        }
        return outcomes.stream().map(Outcome::text).toList();
    }

    /** Runs a case that is expected to fail. */
    List<Outcome> outcomes(Class<? extends RankCase> rankCase, String... arguments) {
        List<String> words = new ArrayList<>(List.of(rankCase.getName()));
        words.addAll(List.of(arguments));
        long deadline = System.nanoTime() + CASE_TIMEOUT.toNanos();
        for (Rank rank : ranks) {
            send(rank, RankWorker.encode(words) + "\n");
        }
        Outcome[] outcomes = new Outcome[ranks.size()];
        for (int left = ranks.size(); left > 0; ) {
            for (Rank rank : ranks) {
                String line = outcomes[rank.number()] == null ? rank.answers().poll() : null;
                if (line != null) {
                    outcomes[rank.number()] = Outcome.of(line);
                    left--;
                    // The others must hear of a failure; they are not waited for any longer.
                    deadline =
                            outcomes[rank.number()].hasFailed()
                                    ? Math.min(
                                            deadline, System.nanoTime() + AFTER_FAILURE.toNanos())
                                    : deadline;
                }
            }
            if (left > 0 && System.nanoTime() - deadline > 0) {
                throw late(rankCase, outcomes);
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        return List.of(outcomes);
    }

    private AssertionError late(Class<?> rankCase, @Nullable Outcome[] outcomes) {
        isBroken = true;
        StringBuilder text = new StringBuilder(rankCase.getName() + " did not end in time.");
        for (Rank rank : ranks) {
            Outcome outcome = outcomes[rank.number()];
            text.append(
                    "%nrank %d: %s%nit logged: %s"
                            .formatted(
                                    rank.number(),
                                    outcome == null
                                            ? "late; its threads:\n" + threadsOf(rank)
                                            : outcome.text(),
                                    logOf(rank)));
        }
        return new AssertionError(text.toString());
    }

    /** Whether a case hangs in it. */
    boolean isBroken() {
        return isBroken;
    }

    /**
     * What became of a case on one rank.
     *
     * @param text the result, or the stack trace
     */
    record Outcome(boolean hasFailed, String text) {
        private static Outcome of(String line) {
            boolean failed = line.startsWith(RankWorker.FAILURE);
            String prefix = failed ? RankWorker.FAILURE : RankWorker.RESULT;
            return new Outcome(failed, RankWorker.decode(line.substring(prefix.length())).get(0));
        }
    }

    private static void send(Rank rank, String line) {
        try {
            rank.cases().write(line);
            rank.cases().flush();
        } catch (IOException e) {
            throw new AssertionError(
                    "rank %d has ended; it logged: %s".formatted(rank.number(), logOf(rank)), e);
        }
    }

    private String threadsOf(Rank rank) {
        Path dump = folder.resolve("threads-" + rank.number());
        try {
            Process jcmd =
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin", "jcmd")
                                            .toString(),
                                    Long.toString(rank.process().pid()),
                                    "Thread.print")
                            .redirectErrorStream(true)
                            .redirectOutput(dump.toFile())
                            .start();
            if (!jcmd.waitFor(END_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                jcmd.destroyForcibly();
            }
            return Files.readString(dump);
        } catch (IOException | InterruptedException e) {
            return "not available: " + e;
        }
    }

    private static String logOf(Rank rank) {
        try {
            String log = Files.readString(rank.log());
            return log.substring(Math.max(0, log.length() - SHOWN_LOG_CHARACTERS));
        } catch (IOException e) {
            return "not available: " + e;
        }
    }

    /** What a rank has written to its standard output and error so far. */
    String log(int rank) {
        try {
            return Files.readString(ranks.get(rank).log());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets the ranks leave in good order, and ends those that do not within ten seconds. */
    @Override
    public void close() {
        try {
            for (Rank rank : ranks) {
                rank.cases().close();
            }
            long deadline = System.nanoTime() + END_TIMEOUT.toNanos();
            for (Rank rank : ranks) {
                if (!rank.process().waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    rank.process().destroyForcibly().waitFor();
                }
            }
            store.close();
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        } catch (IOException | InterruptedException e) {
            ranks.forEach(rank -> rank.process().destroyForcibly());
        }
    }
}
