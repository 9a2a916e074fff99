package org.jhorovod.allreduce.faults;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.ranks.ThreadDump;

/** One process of a trial, which runs a {@link RandomRank}. */
final class TrialRank {
    private static final int SIGNAL_SECONDS = 30;
    private static final int SHOWN_LOG_CHARACTERS = 3000;

    private final int number;
    private final Process process;
    private final Writer input;
    private final Path log;
    private final Thread reader;
    private volatile RankReport report = RankReport.NOTHING; // written by the reader

    private TrialRank(int number, Process process, Path log) {
        this.number = number;
        this.process = process;
        this.input = process.outputWriter(StandardCharsets.UTF_8);
        this.log = log;
        this.reader = new Thread(this::read, "rank-" + number + "-report");
        this.reader.setDaemon(true);
    }

    static TrialRank start(int number, ProcessBuilder builder, Path log) throws IOException {
        Process process = builder.redirectError(log.toFile()).start();
        TrialRank rank = new TrialRank(number, process, log);
        rank.reader.start();
        return rank;
    }

    private void read() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                report = report.after(line);
            }
        } catch (IOException e) {
            // the process has been ended
        }
    }

    int number() {
        return number;
    }

    long pid() {
        return process.pid();
    }

    /** What it has said so far; the last word once it {@link #hasEnded}. */
    RankReport report() {
        return report;
    }

    boolean hasEnded() {
        return !process.isAlive() && !reader.isAlive();
    }

    /** Whether it has said its last word, or can say none any more. */
    boolean isOver() {
        return report.isOver() || hasEnded();
    }

    /** How it has ended; late if it has not. */
    RankEnd end() {
        return new RankEnd(number, hasEnded() ? process.exitValue() : RankEnd.LATE, report);
    }

    /** Sends a signal, if it still runs. */
    void signal(String name) throws IOException {
        if (!process.isAlive()) {
            return;
        }
        try {
            Process kill =
                    new ProcessBuilder("sh", "-c", "kill -s " + name + " " + pid())
                            .redirectErrorStream(true)
                            .start();
            if (!kill.waitFor(SIGNAL_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("kill does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    void kill() {
        process.destroyForcibly();
    }

    /** Lets it end, if it stays though it has failed. */
    void letGo() {
        try {
            input.write("\n");
            input.flush();
        } catch (IOException e) {
            // it has ended already
        }
    }

    /** What is known of it, for messages. */
    String describe(boolean withThreads) {
        String threads =
                withThreads && process.isAlive()
                        ? "; its threads:\n" + ThreadDump.of(pid(), log.resolveSibling("threads"))
                        : "";
        return "%s%nit logged: %s%s".formatted(end().describe(), logEnd(), threads);
    }

    private String logEnd() {
        try {
            String all = Files.readString(log);
            return all.substring(Math.max(0, all.length() - SHOWN_LOG_CHARACTERS));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
