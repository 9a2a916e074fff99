package org.jhorovod.launcher.agent;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.RankPlan;
import org.jhorovod.launcher.warmup.WarmUp;
import org.jspecify.annotations.Nullable;

/**
 * Holds the ranks of one host. Obeys the commands on its input, and ends every group that it has
 * started as soon as that input ends, however the launcher at the other end went.
 */
final class Agent implements RankProcess.Watcher {
    // Together well below the 5 s after which nothing may be left.
    private static final Duration TERM_WAIT = Duration.ofMillis(1500);
    private static final Duration KILL_WAIT = Duration.ofSeconds(2);

    private final InputStream commands;
    private final OutputStream events;
    private final ProcessGroups groups = new ProcessGroups();
    private final RankInput rankInput = new RankInput();
    private final Object lifeLock = new Object();
    // Guarded by lifeLock.
    private boolean isEnding;
    private @Nullable SecretFolder secretFolder; // null until the plan has come

    Agent(InputStream commands, OutputStream events) {
        this.commands = commands;
        this.events = events;
    }

    /** Obeys until the input ends. */
    void obey() throws IOException {
        for (Optional<AgentCommand> next = AgentWire.readCommand(commands);
                next.isPresent();
                next = AgentWire.readCommand(commands)) {
            obey(next.get());
        }
    }

    private void obey(AgentCommand command) throws IOException {
        if (command instanceof AgentCommand.Start start) {
            // On its own thread: the next command may be to end it all.
            AgentThreads.start("agent-start", () -> start(start.plan()));
        } else if (command instanceof AgentCommand.Input input) {
            rankInput.add(input.bytes().toArray());
        } else if (command instanceof AgentCommand.EndOfInput) {
            rankInput.end();
        } else if (command instanceof AgentCommand.Signal signal) {
            groups.send(signal.signal());
        } else {
            throw new AssertionError(command);
        }
    }

    private void start(HostPlan plan) {
        try {
            SecretFolder folder = prepare(plan);
            if (folder == null) {
                return;
            }
            tell(new AgentEvent.Prepared(folder.path().toString()));
            if (plan.ranks().size() > 1) {
                warmUp(plan);
            }
            for (RankPlan rank : plan.ranks()) {
                start(plan, rank, folder);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            String reason = "the ranks' secret cannot be stored: " + e.getMessage();
            plan.ranks().forEach(r -> tell(new AgentEvent.StartFailed(r.rank(), reason)));
        }
    }

    private void warmUp(HostPlan plan) throws InterruptedException {
        Map<String, String> environment = new HashMap<>(System.getenv());
        RankProcess.complete(environment, plan, plan.ranks().get(0));
        new WarmUp(
                        plan.command(),
                        Path.of(plan.directory()),
                        environment,
                        text -> tell(new AgentEvent.Notice(text)),
                        this::startInGroup)
                .run();
    }

    /** Starts a command that begins with {@code setsid}. */
    private Process startInGroup(ProcessBuilder builder) throws IOException {
        synchronized (lifeLock) {
            if (isEnding) {
                throw new IOException("the job ends");
            }
            Process process = builder.start();
            groups.add(process.pid());
            return process;
        }
    }

    private @Nullable SecretFolder prepare(HostPlan plan) throws IOException {
        synchronized (lifeLock) {
            if (isEnding) {
                return null;
            }
            secretFolder = SecretFolder.create(plan.secret());
            return secretFolder;
        }
    }

    private void start(HostPlan plan, RankPlan rank, SecretFolder folder) {
        RankProcess process;
        try {
            process =
                    RankProcess.start(plan, rank, folder.file().toFile(), this::startInGroup, this);
        } catch (IOException e) {
            tell(new AgentEvent.StartFailed(rank.rank(), String.valueOf(e.getMessage())));
            return;
        }
        tell(new AgentEvent.Started(rank.rank(), process.pid()));
        process.watch();
        if (rank.rank() == 0) {
            rankInput.writeTo(process.input(), () -> tell(new AgentEvent.InputTaken()));
        }
    }

    @Override
    public void wrote(int rank, AgentEvent.Stream stream, Bytes bytes) throws IOException {
        AgentWire.write(new AgentEvent.Output(rank, stream, bytes), events);
    }

    @Override
    public void ended(RankProcess process, int code) {
        try {
            groups.leaderEnded(process.pid());
        } catch (IOException e) {
            tell(new AgentEvent.Notice("cannot look into /proc: " + e.getMessage()));
        }
        tell(new AgentEvent.Exited(process.rank(), code));
    }

    private void tell(AgentEvent event) {
        try {
            AgentWire.write(event, events);
        } catch (IOException e) {
            // The launcher is gone: its end of our input closes too, and that ends us.
            return;
        }
    }

    /** Ends all groups and removes the secret; may be called more than once. */
    void end() {
        SecretFolder folder;
        synchronized (lifeLock) {
            isEnding = true;
            folder = secretFolder;
        }
        try {
            if (!groups.end(TERM_WAIT, KILL_WAIT)) {
                tell(new AgentEvent.Notice("some processes of the ranks cannot be ended"));
            }
        } catch (IOException e) {
            tell(new AgentEvent.Notice("cannot end the ranks: " + e.getMessage()));
        }
        try {
            if (folder != null) {
                folder.delete();
            }
        } catch (IOException e) {
            tell(new AgentEvent.Notice("cannot delete " + folder.path() + ": " + e.getMessage()));
        }
    }
}
