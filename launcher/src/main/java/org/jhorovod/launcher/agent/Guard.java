package org.jhorovod.launcher.agent;

import java.io.Closeable;
import java.io.IOException;
import java.io.Writer;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/*
 * Note [Why an agent has a guard]
 * An agent ends its ranks when its pipe closes. It cannot when it is killed or stopped itself, and
 * nor can the launcher when it is killed together with the agent, or runs on another host. So each
 * agent starts a small shell script beside it, in a session of its own, and tells it which process
 * groups there are. The script waits at a pipe: the kernel closes that with the agent, however it
 * goes, and a stopped agent is one whose beats no longer come. It is a script because a second JVM
 * would double the memory of an agent, and bash is what runs jhorovodrun anyway.
 */
/**
 * The process that ends an agent's ranks when the agent cannot. Safe for use by several threads.
 */
final class Guard implements Closeable {
    /** A pid that stands for no process: a silent agent's ranks are ended, but not the agent. */
    static final long NOBODY = 0;

    private static final String SCRIPT = "guard.bash";
    private final Process process;
    private final Writer lines;

    private Guard(Process process) {
        this.process = process;
        this.lines = process.outputWriter(StandardCharsets.UTF_8);
    }

    /**
     * Starts the script.
     *
     * @param silence for which an agent that does not beat counts as stopped
     * @param agentPid of the agent, which is killed then
     */
    static Guard start(Duration silence, long agentPid) throws IOException {
        // Half as long again: the launcher finds a stopped agent first, and names it. The script
        // counts fifths.
        long millis = silence.toMillis() * 3 / 2 + 500;
        String fifth = BigDecimal.valueOf(millis / 5, 3).toPlainString();
        ProcessBuilder builder =
                new ProcessBuilder(
                                "setsid",
                                "--",
                                "bash",
                                "-c",
                                script(),
                                "jhorovod-guard",
                                fifth,
                                Long.toString(agentPid))
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().remove("BASH_ENV"); // which bash would run first
        return new Guard(builder.start());
    }

    private static String script() throws IOException {
        try (var in = Guard.class.getResourceAsStream(SCRIPT)) {
            if (in == null) {
                throw new IOException("bug: %s is missing in the jar".formatted(SCRIPT));
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** The script's. */
    Process process() {
        return process;
    }

    /** Will end this group too. */
    void add(long group) {
        tell("+ " + group);
    }

    /** This group is no longer there. */
    void forget(long group) {
        tell("- " + group);
    }

    /** Will delete this folder. */
    void delete(Path folder) {
        tell("folder " + folder);
    }

    /** The agent lives. */
    void beat() {
        tell(".");
    }

    /** Nothing is left to end: the script goes. */
    void done() {
        tell("done");
    }

    private void tell(String line) {
        synchronized (lines) {
            try {
                lines.write(line);
                lines.write('\n');
                lines.flush();
            } catch (IOException e) {
                return; // somebody has ended the script: the agent does its duty without
            }
        }
    }

    /** Leaves what there is to the script. */
    @Override
    public void close() throws IOException {
        lines.close();
    }
}
