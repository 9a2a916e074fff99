package org.jhorovod.launcher.job;

import java.io.IOException;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jhorovod.launcher.agent.AgentEvent;
import org.jhorovod.launcher.output.Console;
import org.jhorovod.launcher.output.MpirunOutput;

/**
 * The one process of the one agent is {@code mpirun}, behind which are the ranks. Not safe for use
 * by several threads.
 */
final class MpirunRanks implements RankEvents, MpirunOutput.Sink {
    private static final int SIGTERM = 15;
    private static final String RULE = "-+|";

    private final int size;
    private final Console console;
    private final Consumer<JobEvent> events;
    private final Consumer<String> tell;
    private final MpirunOutput out = new MpirunOutput(this, false);
    private final MpirunOutput err = new MpirunOutput(this, true);
    private final Set<Integer> running = new TreeSet<>();
    // Of the last rank that ended: told only when all output has come, as the job ends with it.
    private OptionalInt lastCode = OptionalInt.empty();

    MpirunRanks(int size, Console console, Consumer<JobEvent> events, Consumer<String> tell) {
        this.size = size;
        this.console = console;
        this.events = events;
        this.tell = tell;
        IntStream.range(0, size).forEach(running::add);
    }

    @Override
    public void heard(AgentEvent event) throws IOException {
        if (event instanceof AgentEvent.Output output) {
            MpirunOutput target = output.stream() == AgentEvent.Stream.STDOUT ? out : err;
            target.add(output.bytes().toArray());
        } else if (event instanceof AgentEvent.Started started) {
            events.accept(new JobEvent.MpirunStarted(started.pid()));
        } else if (event instanceof AgentEvent.StartFailed failed) {
            events.accept(new JobEvent.MpirunLost("it cannot be started: " + failed.reason()));
        } else if (event instanceof AgentEvent.NotStarted) {
            endRunning(ExitCode.ofSignal(SIGTERM));
        } else if (event instanceof AgentEvent.Exited exited) {
            ended(exited.code());
        } else {
            throw new AssertionError(event);
        }
    }

    private void ended(int code) throws IOException {
        out.end();
        err.end();
        IntStream.range(0, size).forEach(console::end);
        if (code == 0 || lastCode.isPresent()) {
            endRunning(lastCode.orElse(0));
        } else {
            events.accept(new JobEvent.MpirunLost("it " + ExitCode.describe(code)));
        }
    }

    private void endRunning(int code) {
        running.forEach(rank -> events.accept(new JobEvent.RankExited(rank, code)));
        running.clear();
    }

    @Override
    public void wrote(int rank, AgentEvent.Stream stream, byte[] bytes) throws IOException {
        if (rank < size) {
            console.write(rank, stream, bytes);
        }
    }

    @Override
    public void exited(int rank, int code) {
        if (running.size() == 1 && running.contains(rank)) {
            lastCode = OptionalInt.of(code);
        } else if (running.remove(rank)) {
            events.accept(new JobEvent.RankExited(rank, code));
        }
    }

    @Override
    public void said(String line) {
        if (!line.matches(RULE)) {
            tell.accept("mpirun says: " + line);
        }
    }
}
