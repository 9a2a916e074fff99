package org.jhorovod.allreduce.ranks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jhorovod.allreduce.ranks.RankGroup.Outcome;
import org.jspecify.annotations.Nullable;

/** One process of a {@link RankGroup}, which runs a {@link RankWorker}. */
final class ResidentRank {
    private static final int SHOWN_LOG_CHARACTERS = 4000;

    private final int number;
    private final Process process;
    private final Writer cases;
    private final Path log;
    private volatile boolean hasEnded;

    private ResidentRank(int number, Process process, Path log) {
        this.number = number;
        this.process = process;
        this.cases = process.outputWriter(StandardCharsets.UTF_8);
        this.log = log;
    }

    /**
     * Starts the process.
     *
     * @param onOutcome called on a thread of its own with what each case came to, and with a
     *     failure when the process has ended
     */
    static ResidentRank start(
            int number, ProcessBuilder builder, Path log, Consumer<Outcome> onOutcome)
            throws IOException {
        Process process = builder.redirectError(log.toFile()).start();
        ResidentRank rank = new ResidentRank(number, process, log);
        Thread reader = new Thread(() -> rank.read(onOutcome), "rank-" + number + "-outcomes");
        reader.setDaemon(true);
        reader.start();
        return rank;
    }

    private void read(Consumer<Outcome> onOutcome) {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            lines.lines().map(RankLine::outcome).flatMap(Optional::stream).forEach(onOutcome);
        } catch (IOException | UncheckedIOException e) {
            // the process has been ended
        }
        hasEnded = true;
        onOutcome.accept(new Outcome(true, "The process has ended."));
    }

    /** Lets the rank begin a case. */
    void begin(List<String> words) {
        // A process that is about to end still takes what it will not answer.
        if (hasEnded) {
            throw ended(null);
        }
        try {
            cases.write(RankLine.of(words) + "\n");
            cases.flush();
        } catch (IOException e) {
            throw ended(e);
        }
    }

    private AssertionError ended(@Nullable IOException cause) {
        return new AssertionError(
                "rank %d has ended; it logged: %s".formatted(number, logEnd()), cause);
    }

    long pid() {
        return process.pid();
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The last of the log, for messages. */
    String logEnd() {
        String all = log();
        return all.substring(Math.max(0, all.length() - SHOWN_LOG_CHARACTERS));
    }

    /** What each thread of the process does now, for messages. */
    String threads() {
        return ThreadDump.of(pid(), log.resolveSibling("threads." + number));
    }

    /** Lets the rank leave: there are no more cases. */
    void leave() {
        try {
            cases.close();
        } catch (IOException e) {
            // it has left already
        }
    }

    /** Waits for the process's end, and ends it itself when the time is over. */
    void awaitEnd(long deadlineNanos) {
        try {
            if (process.waitFor(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }
}
