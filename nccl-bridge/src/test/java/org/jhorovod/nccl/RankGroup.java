package org.jhorovod.nccl;

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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreServer;

/**
 * Ranks that stay: one process each, with one device of the double each, which meet once and then
 * run a whole table of {@link RankCase}s. After a case that ends the communicator the group is of
 * no more use. Every wait has a deadline.
 */
final class RankGroup implements AutoCloseable {
    private static final Duration CASE_TIMEOUT = Duration.ofMinutes(3);
    private static final Duration END_TIMEOUT = Duration.ofSeconds(15);
    private static final int SHOWN_LOG_CHARACTERS = 4000;

    private final Path folder;
    private final StoreServer store;
    private final List<Rank> ranks = new ArrayList<>();

    private record Rank(
            int number, Process process, Writer cases, BlockingQueue<String> answers, Path log) {}

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

    private RankGroup(Path folder, StoreServer store) {
        this.folder = folder;
        this.store = store;
    }

    /**
     * Starts the processes of a group; they meet in its first case.
     *
     * @param environment further variables, such as settings and the double's switches
     */
    static RankGroup start(int size, Map<String, String> environment) {
        List<Map<String, String>> each = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            each.add(environment);
        }
        return start(each);
    }

    /** Starts a process for each given environment. */
    static RankGroup start(List<Map<String, String>> environments) {
        try {
            Path folder = Files.createTempDirectory("jhorovod-nccl-ranks");
            Secret secret = Secret.random();
            Path secretFile = Files.writeString(folder.resolve("secret"), secret.encoded());
            InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            RankGroup group =
                    new RankGroup(folder, StoreServer.open(any, secret, Duration.ofSeconds(5)));
            for (int rank = 0; rank < environments.size(); rank++) {
                Map<String, String> variables = group.place(rank, environments.size(), secretFile);
                variables.putAll(environments.get(rank));
                group.ranks.add(group.startRank(rank, variables));
            }
            return group;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Map<String, String> place(int rank, int size, Path secretFile) {
        Map<String, String> variables = new HashMap<>();
        variables.put("JHOROVOD_RANK", Integer.toString(rank));
        variables.put("JHOROVOD_SIZE", Integer.toString(size));
        variables.put("JHOROVOD_LOCAL_RANK", Integer.toString(rank));
        variables.put("JHOROVOD_LOCAL_SIZE", Integer.toString(size));
        variables.put("JHOROVOD_CROSS_RANK", "0");
        variables.put("JHOROVOD_CROSS_SIZE", "1");
        variables.put("JHOROVOD_RENDEZVOUS", "127.0.0.1:" + store.port());
        variables.put("JHOROVOD_RUN_ID", folder.getFileName().toString());
        variables.put("JHOROVOD_SECRET_FILE", secretFile.toString());
        variables.put("JHOROVOD_START_TIMEOUT_SECONDS", "120"); // a loaded machine starts slowly
        variables.put("JHOROVOD_HANDSHAKE_TIMEOUT_SECONDS", "60");
        variables.put("JHOROVOD_HOST", "host-" + rank);
        variables.put("JHOROVOD_BACKEND", "nccl");
        variables.put("JHOROVOD_NCCL_LIBRARIES", NativeDouble.likeASystem().folder().toString());
        return variables;
    }

    private Rank startRank(int rank, Map<String, String> variables) throws IOException {
        Path log = folder.resolve("rank-" + rank + ".log");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // The ranks' code counts for the coverage of the run.
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("-javaagent:"))
                .forEach(agent -> command.add(agent + ",includes=org.jhorovod.*"));
        // Many short-lived JVMs on few cores: what starts fast is fast enough.
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"));
        command.addAll(
                List.of("-cp", System.getProperty("java.class.path"), RankWorker.class.getName()));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("JHOROVOD_"));
        builder.environment().putAll(variables);
        // Empty means: not set.
        builder.environment().values().removeIf(String::isEmpty);
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
        begin(rankCase, arguments);
        List<Outcome> outcomes = outcomes();
        if (outcomes.stream().anyMatch(Outcome::hasFailed)) {
            throw new AssertionError(rankCase.getName() + " failed: " + outcomes + logs());
        }
        return outcomes.stream().map(Outcome::text).toList();
    }

    /** Lets all ranks begin a case. */
    void begin(Class<? extends RankCase> rankCase, String... arguments) {
        List<String> words = new ArrayList<>(List.of(rankCase.getName()));
        words.addAll(List.of(arguments));
        for (Rank rank : ranks) {
            try {
                rank.cases().write(RankWorker.encode(words) + "\n");
                rank.cases().flush();
            } catch (IOException e) {
                throw new AssertionError("rank %d has ended.".formatted(rank.number()) + logs(), e);
            }
        }
    }

    /** What the case that was begun came to, on each rank. */
    List<Outcome> outcomes() {
        return ranks.stream().map(this::outcome).toList();
    }

    private Outcome outcome(Rank rank) {
        try {
            String line = rank.answers().poll(CASE_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
            if (line == null) {
                throw new AssertionError("rank %d is late.".formatted(rank.number()) + logs());
            }
            return Outcome.of(line);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Ends the process of a rank as the kernel would. */
    void kill(int rank) {
        ranks.get(rank).process().destroyForcibly();
    }

    /** The process of a rank. */
    long pid(int rank) {
        return ranks.get(rank).process().pid();
    }

    /** What a rank has logged so far. */
    String log(int rank) {
        try {
            return Files.readString(ranks.get(rank).log());
        } catch (IOException e) {
            return "not available: " + e;
        }
    }

    private String logs() {
        StringBuilder text = new StringBuilder();
        for (Rank rank : ranks) {
            String log = log(rank.number());
            text.append("\nrank %d logged: ".formatted(rank.number()))
                    .append(log.substring(Math.max(0, log.length() - SHOWN_LOG_CHARACTERS)));
        }
        return text.toString();
    }

    /** Lets the ranks leave in good order, and ends those that do not in time. */
    @Override
    public void close() {
        try {
            for (Rank rank : ranks) {
                if (rank.process().isAlive()) {
                    rank.cases().close();
                }
            }
            long deadline = System.nanoTime() + END_TIMEOUT.toNanos();
            for (Rank rank : ranks) {
                if (!rank.process().waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    rank.process().destroyForcibly().waitFor(10, TimeUnit.SECONDS);
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
