package org.jhorovod.allreduce.ranks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Ranks that stay: one process each, which meet once and then run a whole table of {@link
 * RankCase}s. After a case that ends the communicator the group is of no more use.
 *
 * <pre>{@code
 * try (RankGroup group = RankGroup.start(2, List.of(), rank -> Map.of())) {
 *     List<String> results = group.run(MyCase.class, "argument");
 * }
 * }</pre>
 *
 * <p>Every wait has a deadline; when a case is late, the failure shows all threads of all ranks.
 * Used by one thread.
 */
public final class RankGroup implements AutoCloseable {
    private static final Duration CASE_TIMEOUT = Duration.ofMinutes(4);
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(30);
    private static final Duration END_TIMEOUT = Duration.ofSeconds(15);

    private final LocalJob job;
    private final Duration caseTimeout;
    private final List<ResidentRank> ranks = new ArrayList<>();
    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private boolean isBroken;

    /**
     * What became of a case on one rank.
     *
     * @param text the result, or the stack trace
     */
    public record Outcome(boolean hasFailed, String text) {}

    private record Answer(int rank, Outcome outcome) {}

    private RankGroup(LocalJob job, Duration caseTimeout) {
        this.job = job;
        this.caseTimeout = caseTimeout;
    }

    /**
     * Starts the processes of a group on this host; they meet in its first case.
     *
     * @param jvmArguments of each rank, beside those that make it start fast
     * @param environment of a rank, beside what makes it a rank; wins over that
     */
    public static RankGroup start(
            int size, List<String> jvmArguments, IntFunction<Map<String, String>> environment) {
        return start(size, jvmArguments, environment, CASE_TIMEOUT);
    }

    /** The same, for cases that may take as long as given. */
    public static RankGroup start(
            int size,
            List<String> jvmArguments,
            IntFunction<Map<String, String>> environment,
            Duration caseTimeout) {
        try {
            RankGroup group =
                    new RankGroup(
                            LocalJob.open(InetAddress.getLoopbackAddress(), size), caseTimeout);
            try {
                for (int rank = 0; rank < size; rank++) {
                    group.startRank(rank, jvmArguments, environment.apply(rank));
                }
                return group;
            } catch (IOException e) {
                group.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void startRank(int rank, List<String> jvmArguments, Map<String, String> environment)
            throws IOException {
        List<String> allJvmArguments = new ArrayList<>();
        // The ranks' code counts for the coverage of the run.
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("-javaagent:"))
                .forEach(agent -> allJvmArguments.add(agent + ",includes=org.jhorovod.*"));
        // Many short-lived JVMs on few cores: what starts fast is fast enough.
        allJvmArguments.add("-XX:TieredStopAtLevel=1");
        allJvmArguments.addAll(jvmArguments);
        ProcessBuilder builder =
                job.rank(rank, allJvmArguments, RankWorker.class.getName(), List.of());
        Map<String, String> variables = builder.environment();
        variables.put("JHOROVOD_START_TIMEOUT_SECONDS", "180"); // a loaded machine starts slowly
        variables.put("JHOROVOD_HANDSHAKE_TIMEOUT_SECONDS", "60");
        variables.putAll(environment);
        ranks.add(
                ResidentRank.start(
                        rank,
                        builder,
                        job.log(rank),
                        outcome -> answers.add(new Answer(rank, outcome))));
    }

    /**
     * Runs a case on all ranks.
     *
     * @return the ranks' results in rank order
     * @throws AssertionError if a rank fails or is late, with what all ranks said
     */
    public List<String> run(Class<? extends RankCase> rankCase, String... arguments) {
        List<Outcome> outcomes = outcomes(rankCase, arguments);
        if (outcomes.stream().anyMatch(Outcome::hasFailed)) {
            StringBuilder text = new StringBuilder(rankCase.getName() + " failed:");
            for (int rank = 0; rank < outcomes.size(); rank++) {
                if (outcomes.get(rank).hasFailed()) {
                    text.append("\nrank %d: %s".formatted(rank, outcomes.get(rank).text()));
                }
                text.append("\nrank %d logged: %s".formatted(rank, ranks.get(rank).logEnd()));
            }
            throw new AssertionError(text.toString());
        }
        return outcomes.stream().map(Outcome::text).toList();
    }

    /**
     * Runs a case that is expected to fail.
     *
     * @return what it came to on each rank, in rank order
     * @throws AssertionError if a rank is late, with what all ranks said
     */
    public List<Outcome> outcomes(Class<? extends RankCase> rankCase, String... arguments) {
        List<String> words = new ArrayList<>(List.of(rankCase.getName()));
        words.addAll(List.of(arguments));
        for (ResidentRank rank : ranks) {
            rank.begin(words);
        }
        Map<Integer, Outcome> outcomes = new TreeMap<>();
        long deadline = System.nanoTime() + caseTimeout.toNanos();
        while (outcomes.size() < ranks.size()) {
            Answer answer = nextAnswer(deadline);
            if (answer == null) {
                throw late(rankCase, outcomes);
            }
            // The second of a rank is its end after the case, which the next one stumbles over.
            outcomes.putIfAbsent(answer.rank(), answer.outcome());
            if (answer.outcome().hasFailed()) {
                // The others must hear of a failure; they are not waited for any longer.
                deadline = Math.min(deadline, System.nanoTime() + AFTER_FAILURE.toNanos());
            }
        }
        return List.copyOf(outcomes.values());
    }

    private @Nullable Answer nextAnswer(long deadlineNanos) {
        try {
            return answers.poll(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    private AssertionError late(Class<?> rankCase, Map<Integer, Outcome> outcomes) {
        isBroken = true;
        StringBuilder text = new StringBuilder(rankCase.getName() + " did not end in time.");
        for (int rank = 0; rank < ranks.size(); rank++) {
            Outcome outcome = outcomes.get(rank);
            ResidentRank process = ranks.get(rank);
            String what =
                    outcome == null ? "late; its threads:\n" + process.threads() : outcome.text();
            text.append("\nrank %d: %s\nit logged: %s".formatted(rank, what, process.logEnd()));
        }
        return new AssertionError(text.toString());
    }

    /** Whether a case hangs in it. */
    public boolean isBroken() {
        return isBroken;
    }

    /** The number of a rank's process. */
    public long pid(int rank) {
        return ranks.get(rank).pid();
    }

    /** What a rank has written to its standard output and error so far. */
    public String log(int rank) {
        return ranks.get(rank).log();
    }

    /** Lets the ranks leave in good order, and ends those that do not in time. */
    @Override
    public void close() {
        ranks.forEach(ResidentRank::leave);
        long deadline = System.nanoTime() + END_TIMEOUT.toNanos();
        ranks.forEach(rank -> rank.awaitEnd(deadline));
        try {
            job.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
