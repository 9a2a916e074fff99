package org.jhorovod.launcher.job;

import java.io.IOException;
import java.util.function.Consumer;
import org.jhorovod.launcher.agent.AgentEvent;
import org.jhorovod.launcher.output.Console;

/** Each process of an agent is a rank. */
final class AgentRanks implements RankEvents {
    private static final int FAILED = 1;
    private static final int SIGTERM = 15;

    private final Console console;
    private final Consumer<JobEvent> events;
    private final Consumer<String> tell;

    AgentRanks(Console console, Consumer<JobEvent> events, Consumer<String> tell) {
        this.console = console;
        this.events = events;
        this.tell = tell;
    }

    @Override
    public void heard(AgentEvent event) throws IOException {
        if (event instanceof AgentEvent.Output output) {
            console.write(output.rank(), output.stream(), output.bytes().toArray());
        } else if (event instanceof AgentEvent.Started started) {
            events.accept(new JobEvent.RankStarted(started.rank(), started.pid()));
        } else if (event instanceof AgentEvent.StartFailed failed) {
            tell.accept("rank %d cannot be started: %s".formatted(failed.rank(), failed.reason()));
            events.accept(new JobEvent.RankExited(failed.rank(), FAILED));
        } else if (event instanceof AgentEvent.NotStarted missing) {
            // As if the signal that came first had ended it.
            events.accept(new JobEvent.RankExited(missing.rank(), ExitCode.ofSignal(SIGTERM)));
        } else if (event instanceof AgentEvent.Exited exited) {
            console.end(exited.rank());
            events.accept(new JobEvent.RankExited(exited.rank(), exited.code()));
        } else {
            throw new AssertionError(event);
        }
    }
}
