package org.jhorovod.launcher.agent;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.RankDefaults;
import org.jhorovod.launcher.plan.RankPlan;
import org.jhorovod.launcher.plan.SavedEnvironment;
import org.jhorovod.launcher.warmup.WarmUp;

/** One rank's process: two threads relay its output, one waits for its end. */
final class RankProcess {
    private static final int CHUNK_BYTES = 16 * 1024;
    // A child that the rank left behind may hold its output open for ever.
    private static final Duration LAST_OUTPUT_TIMEOUT = Duration.ofSeconds(1);

    /** Whom a rank's process reports to. */
    interface Watcher {
        void wrote(int rank, AgentEvent.Stream stream, Bytes bytes) throws IOException;

        void ended(RankProcess process, int code);
    }

    private final int rank;
    private final Process process;
    private final Watcher watcher;

    private RankProcess(int rank, Process process, Watcher watcher) {
        this.rank = rank;
        this.process = process;
        this.watcher = watcher;
    }

    /** Starts the program in a session of its own; {@link #watch} relays what it does. */
    static RankProcess start(
            HostPlan plan, RankPlan rank, File secretFile, WarmUp.Starter starter, Watcher watcher)
            throws IOException {
        requireFolder(plan);
        List<String> command = new ArrayList<>(List.of("setsid", "--"));
        command.addAll(plan.command());
        ProcessBuilder builder = new ProcessBuilder(command).directory(new File(plan.directory()));
        complete(builder.environment(), plan, rank);
        builder.environment().put(Settings.SECRET_FILE.environmentName(), secretFile.getPath());
        if (rank.rank() != 0) {
            builder.redirectInput(new File("/dev/null"));
        }
        return new RankProcess(rank.rank(), starter.start(builder), watcher);
    }

    private static void requireFolder(HostPlan plan) throws IOException {
        if (!Files.isDirectory(Path.of(plan.directory()))) {
            throw new IOException(
                    "the folder %s is not on %s; jhorovodrun starts ranks in the folder it is called in"
                            .formatted(plan.directory(), plan.host()));
        }
    }

    /** Turns the environment that the agent has into the one that a rank gets. */
    static void complete(Map<String, String> environment, HostPlan plan, RankPlan rank) {
        SavedEnvironment.restore(environment);
        EnvironmentChange.apply(plan.environment(), environment);
        EnvironmentChange.apply(rank.environment(), environment);
        if (plan.sharesHost()) {
            RankDefaults.apply(
                    environment, Runtime.getRuntime().availableProcessors(), plan.ranks().size());
        }
    }

    int rank() {
        return rank;
    }

    /** The process's number, which is its group's too. */
    long pid() {
        return process.pid();
    }

    /** Where its standard input is written. */
    OutputStream input() {
        return process.getOutputStream();
    }

    /** Starts to relay. */
    void watch() {
        Thread out = pump(AgentEvent.Stream.STDOUT, process.getInputStream());
        Thread err = pump(AgentEvent.Stream.STDERR, process.getErrorStream());
        AgentThreads.start("agent-wait-" + rank, () -> awaitEnd(out, err));
    }

    private Thread pump(AgentEvent.Stream stream, InputStream in) {
        return AgentThreads.start(
                "agent-" + stream.name().toLowerCase(Locale.ROOT) + "-" + rank,
                () -> {
                    byte[] chunk = new byte[CHUNK_BYTES];
                    try {
                        for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                            watcher.wrote(rank, stream, Bytes.copyOf(chunk, n));
                        }
                    } catch (IOException e) {
                        // The rank is gone, or the launcher is: either is noticed elsewhere.
                        return;
                    }
                });
    }

    private void awaitEnd(Thread out, Thread err) {
        try {
            int code = process.waitFor();
            out.join(LAST_OUTPUT_TIMEOUT.toMillis());
            err.join(LAST_OUTPUT_TIMEOUT.toMillis());
            watcher.ended(this, code);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
