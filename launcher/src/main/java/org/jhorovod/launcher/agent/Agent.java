package org.jhorovod.launcher.agent;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
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
    private static final Duration GPU_TIMEOUT = Duration.ofSeconds(20);

    private final InputStream commands;
    private final OutputStream events;
    private final ProcessGroups groups = new ProcessGroups();
    private final RankInput rankInput = new RankInput();
    private final Object lifeLock = new Object();
    // Guarded by lifeLock.
    private boolean isEnding; // once true, nothing is started any more
    private final Set<Integer> waiting = new TreeSet<>(); // ranks that are still to be started
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
            accept(start.plan());
        } else if (command instanceof AgentCommand.Input input) {
            rankInput.add(input.bytes().toArray());
        } else if (command instanceof AgentCommand.EndOfInput) {
            rankInput.end();
        } else if (command instanceof AgentCommand.Signal signal) {
            end(signal.signal());
        } else {
            throw new AssertionError(command);
        }
    }

    private void accept(HostPlan plan) {
        synchronized (lifeLock) {
            plan.ranks().forEach(rank -> waiting.add(rank.rank()));
        }
        // On its own thread: the next command may be to end it all.
        AgentThreads.start("agent-start", () -> start(plan));
    }

    private void end(UnixSignal signal) throws IOException {
        startNoMore();
        groups.send(signal);
    }

    /** Does not wait for what the start is at, such as a cache that another job warms. */
    private void startNoMore() {
        List<Integer> givenUp;
        synchronized (lifeLock) {
            isEnding = true;
            givenUp = List.copyOf(waiting);
            waiting.clear();
        }
        givenUp.forEach(rank -> tell(new AgentEvent.NotStarted(rank)));
    }

    private void start(HostPlan plan) {
        try {
            SecretFolder folder = prepare(plan);
            if (folder == null) {
                startNoMore(); // the order to end came first
                return;
            }
            tell(new AgentEvent.Prepared(folder.path().toString()));
            startAll(gpus().assign(plan, System.getenv()), folder);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            String reason = "the ranks' secret cannot be stored: " + e.getMessage();
            plan.ranks().forEach(r -> tell(new AgentEvent.StartFailed(r.rank(), reason)));
        }
    }

    private HostGpus gpus() {
        return new HostGpus(GPU_TIMEOUT, this::startInGroup, this::forget, this::tellUnlessEnding);
    }

    private void startAll(HostPlan plan, SecretFolder folder) throws InterruptedException {
        if (plan.ranks().size() > 1) {
            warmUp(plan);
        }
        for (RankPlan rank : plan.ranks()) {
            start(plan, rank, folder);
        }
    }

    private void warmUp(HostPlan plan) throws InterruptedException {
        Map<String, String> environment = new HashMap<>(System.getenv());
        RankProcess.complete(environment, plan, plan.ranks().get(0));
        List<Process> started = new ArrayList<>();
        new WarmUp(
                        plan.command(),
                        Path.of(plan.directory()),
                        environment,
                        this::tellUnlessEnding,
                        builder -> {
                            Process process = startInGroup(builder);
                            started.add(process);
                            return process;
                        })
                .run();
        started.forEach(process -> forget(process.pid()));
    }

    /** Tells what is of use only if ranks are still to be started. */
    private void tellUnlessEnding(String text) {
        synchronized (lifeLock) {
            if (isEnding) {
                return;
            }
        }
        tell(new AgentEvent.Notice(text));
    }

    private void forget(long group) {
        try {
            groups.leaderEnded(group);
        } catch (IOException e) {
            tell(new AgentEvent.Notice("cannot look into /proc: " + e.getMessage()));
        }
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
            synchronized (lifeLock) {
                if (!waiting.remove(rank.rank())) {
                    return; // given up, and told
                }
                process =
                        RankProcess.start(
                                plan, rank, folder.file().toFile(), this::startInGroup, this);
            }
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
        forget(process.pid());
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
