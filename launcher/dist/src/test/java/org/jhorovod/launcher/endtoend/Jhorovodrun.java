package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * One run of jhorovodrun. Every process that descends from it carries a mark in its environment, by
 * which what is left of the run is found.
 */
final class Jhorovodrun implements AutoCloseable {
    static final Path DISTRIBUTION = Path.of("target/jhorovod").toAbsolutePath();
    static final Path SCRIPT = DISTRIBUTION.resolve("bin/jhorovodrun");
    static final String QUICK_STARTS = "-XX:TieredStopAtLevel=1";
    private static final String MARK = "RUN_OF_A_TEST";
    private static final Duration TIMEOUT = Duration.ofSeconds(50);

    private final String mark = UUID.randomUUID().toString();
    private final Process process;
    private final Capture out;
    private final Capture err;

    /** Reads a stream to its end on a thread of its own. */
    private static final class Capture {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final Thread thread;

        Capture(InputStream in) {
            thread = new Thread(() -> read(in), "test-capture");
            thread.setDaemon(true);
            thread.start();
        }

        private void read(InputStream in) {
            byte[] chunk = new byte[8192];
            try {
                for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                    synchronized (bytes) {
                        bytes.write(chunk, 0, n);
                    }
                }
            } catch (IOException e) {
                return; // the process was ended by the test
            }
        }

        String text() {
            synchronized (bytes) {
                return bytes.toString(StandardCharsets.UTF_8);
            }
        }

        void awaitEnd() throws InterruptedException {
            thread.join(TIMEOUT.toMillis());
        }
    }

    /** How to start a run. */
    static final class Builder {
        private final List<String> command;
        private final Map<String, String> environment = new TreeMap<>();
        private final List<String> removed = new ArrayList<>();
        private Path directory = Path.of("").toAbsolutePath();

        private Builder(Path script, List<String> arguments) {
            // A shell that runs the tests in its background lets them, and all they start, ignore
            // SIGINT, and nohup lets them ignore SIGHUP; some of them send these.
            command =
                    new ArrayList<>(List.of("env", "--default-signal=INT,HUP", script.toString()));
            command.addAll(arguments);
        }

        Builder with(String name, String value) {
            environment.put(name, value);
            return this;
        }

        Builder with(Map<String, String> variables) {
            environment.putAll(variables);
            return this;
        }

        /** Lets each JVM start sooner, and run slower when it has run for long. */
        Builder withQuickStarts() {
            return with("JAVA_TOOL_OPTIONS", QUICK_STARTS);
        }

        Builder without(String name) {
            removed.add(name);
            return this;
        }

        Builder in(Path folder) {
            directory = folder;
            return this;
        }

        Jhorovodrun start() throws IOException {
            return new Jhorovodrun(this);
        }

        /** Runs to the end, with no standard input, and checks that nothing is left. */
        Result run() throws IOException, InterruptedException {
            return run(TIMEOUT);
        }

        /** The same for one that may take that long. */
        Result run(Duration timeout) throws IOException, InterruptedException {
            try (Jhorovodrun run = start()) {
                run.input().close();
                return run.await(timeout);
            }
        }
    }

    /**
     * What a finished run has left.
     *
     * @param code the launcher's exit code
     * @param out its standard output
     * @param err its standard error
     */
    record Result(int code, String out, String err) {
        /** The lines of standard output in some order that does not change. */
        List<String> sortedLines() {
            return out.lines().sorted().toList();
        }
    }

    private Jhorovodrun(Builder builder) throws IOException {
        ProcessBuilder processBuilder =
                new ProcessBuilder(builder.command).directory(builder.directory.toFile());
        builder.removed.forEach(processBuilder.environment()::remove);
        processBuilder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        processBuilder.environment().putAll(builder.environment);
        processBuilder.environment().put(MARK, mark);
        process = processBuilder.start();
        out = new Capture(process.getInputStream());
        err = new Capture(process.getErrorStream());
    }

    static Builder of(String... arguments) {
        return new Builder(SCRIPT, Arrays.asList(arguments));
    }

    static Builder ofScript(Path script, String... arguments) {
        return new Builder(script, Arrays.asList(arguments));
    }

    OutputStream input() {
        return process.getOutputStream();
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    String out() {
        return out.text();
    }

    String err() {
        return err.text();
    }

    /** Waits until the console shows a text. */
    void awaitOut(String text) {
        Awaitility.await(text)
                .atMost(TIMEOUT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> out().contains(text) || !isAlive());
        assertThat(out()).as("standard output; standard error is: %s", err()).contains(text);
    }

    void awaitErr(String text) {
        Awaitility.await(text)
                .atMost(TIMEOUT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> err().contains(text) || !isAlive());
        assertThat(err()).as("standard error").contains(text);
    }

    /** Waits for the end, and that nothing is left. */
    Result await() throws IOException, InterruptedException {
        return await(TIMEOUT);
    }

    /** Waits for the end for this long at most, and that nothing is left. */
    Result await(Duration timeout) throws IOException, InterruptedException {
        if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
            fail("jhorovodrun has not ended within %s; it printed%n%s%n%s", timeout, out(), err());
        }
        awaitNothingLeft();
        out.awaitEnd();
        err.awaitEnd();
        return new Result(process.exitValue(), out(), err());
    }

    /** Waits until no process of this run is alive, as long as is allowed at most. */
    void awaitNothingLeft() {
        Awaitility.await("nothing is left of the run")
                .atMost(Duration.ofSeconds(5))
                .pollInterval(Duration.ofMillis(50))
                .untilAsserted(() -> assertThat(commandsLeft()).isEmpty());
    }

    /** The command lines of all living processes of this run. */
    List<String> commandsLeft() {
        return pidsLeft().stream().map(Jhorovodrun::commandLine).toList();
    }

    /** The pids of all living processes of this run. */
    List<Long> pidsLeft() {
        try (Stream<Path> folders = Files.list(Path.of("/proc"))) {
            return folders.filter(f -> f.getFileName().toString().matches("[0-9]+"))
                    .filter(f -> content(f.resolve("environ")).contains(MARK + "=" + mark))
                    .map(f -> Long.valueOf(f.getFileName().toString()))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String commandLine(long pid) {
        return content(Path.of("/proc/" + pid + "/cmdline")).replace('\0', ' ').strip();
    }

    static String content(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return ""; // it has ended, or is somebody else's
        }
    }

    /** Sends a signal to one process. */
    static void signal(String name, long pid) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("sh", "-c", "kill -s " + name + " " + pid).start();
        assertThat(kill.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    /** Ends the run if it has not ended. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            awaitNothingLeft(); // the agent ends the ranks, and removes their folder
        } catch (ConditionTimeoutException e) {
            killWhatIsLeft();
        }
    }

    private void killWhatIsLeft() {
        for (long pid : pidsLeft()) {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
    }
}
