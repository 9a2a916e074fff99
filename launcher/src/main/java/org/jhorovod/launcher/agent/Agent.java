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
import java.util.function.Consumer;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.RankPlan;
import org.jhorovod.launcher.warmup.WarmUp;
import org.jspecify.annotations.Nullable;

/**
 * Holds the ranks of one host. Obeys the commands on its input, and ends every group that it has
 * started as soon as that input ends, however the launcher at the other end went. See Note [Why an
 * agent has a guard].
 */
final class Agent implements RankProcess.Watcher {
    // Together well below the 5 s after which nothing may be left.
    private static final Duration TERM_WAIT = Duration.ofMillis(1500);
    private static final Duration KILL_WAIT = Duration.ofSeconds(2);
    private static final Duration GPU_TIMEOUT = Duration.ofSeconds(20);

    /** For how long a launcher may say nothing at all before the agent goes. */
    static final Duration GREETING_TIMEOUT = Duration.ofSeconds(60);

    private final InputStream commands;
    private final OutputStream events;
    private final long pid;
    private final Runnable onLauncherSilent;
    private final ProcessGroups groups = new ProcessGroups();
    private final RankInput rankInput = new RankInput();
    private final Object lifeLock = new Object();
    // Guarded by lifeLock.
    private boolean isEnding; // once true, nothing is started any more
    private final Set<Integer> waiting = new TreeSet<>(); // ranks that are still to be started
    private @Nullable SecretFolder secretFolder; // null until the plan has come
    private volatile @Nullable Guard guard; // null until the launcher has greeted
    private final Silence untilGreeting;
    private volatile @Nullable Silence silence; // null where the launcher may be silent

    /**
     * An agent between these two streams.
     *
     * @param pid what its guard kills if it stands still
     * @param greetingTimeout for how long the launcher may be silent before it has greeted
     * @param onLauncherSilent called on a thread of its own if the launcher no longer beats
     */
    Agent(
            InputStream commands,
            OutputStream events,
            long pid,
            Duration greetingTimeout,
            Runnable onLauncherSilent) {
        this.commands = commands;
        this.events = events;
        this.pid = pid;
        this.onLauncherSilent = onLauncherSilent;
        untilGreeting = new Silence(greetingTimeout);
        silence = untilGreeting;
    }

    /** Obeys until the input ends. */
    void obey() throws IOException {
        AgentThreads.repeat("agent-greeting", untilGreeting.period(), () -> tick(untilGreeting));
        Optional<AgentCommand> next;
        do {
            next = hear();
            if (next.isPresent()) {
                obey(next.get());
            }
        } while (next.isPresent());
    }

    private Optional<AgentCommand> hear() throws IOException {
        Silence timer = silence;
        if (timer == null) {
            return AgentWire.readCommand(commands);
        }
        timer.listen();
        try {
            return AgentWire.readCommand(commands);
        } finally {
            timer.pause();
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
        } else if (command instanceof AgentCommand.Greet greet) {
            accept(greet);
        } else if (command instanceof AgentCommand.TryAddresses wanted) {
            AgentThreads.start("agent-try", () -> tryAddresses(wanted));
        } else if (command instanceof AgentCommand.Beat) {
            return; // that it came is all that it says
        } else {
            throw new AssertionError(command);
        }
    }

    private void accept(AgentCommand.Greet greet) {
        try {
            guard = Guard.start(greet.liveness(), pid);
        } catch (IOException e) {
            String reason = "nobody ends the ranks if the agent is killed: " + e.getMessage();
            tell(new AgentEvent.Notice(reason));
        }
        Silence timer = new Silence(greet.liveness());
        silence = greet.isRemote() ? timer : null;
        // Two threads: nobody may be reading the events, and the guard must hear all the same.
        AgentThreads.repeat("agent-alive", timer.period(), () -> tell(new AgentEvent.Beat()));
        AgentThreads.repeat("agent-beat", timer.period(), () -> beat(timer));
    }

    private void beat(Silence timer) {
        ifGuarded(Guard::beat);
        tick(timer);
    }

    private void tick(Silence timer) {
        if (timer.tick()) {
            onLauncherSilent.run();
        }
    }

    private void ifGuarded(Consumer<Guard> action) {
        Guard present = guard;
        if (present != null) {
            action.accept(present);
        }
    }

    private void tryAddresses(AgentCommand.TryAddresses wanted) {
        try {
            tell(
                    new AgentEvent.AddressesTried(
                            HostIdentity.ofThisHost(), AddressTrials.run(wanted)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
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
            startAll(plan.sharesHost() ? gpus().assign(plan, System.getenv()) : plan, folder);
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
            if (groups.leaderEnded(group)) {
                ifGuarded(present -> present.forget(group));
            }
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
            ifGuarded(present -> present.add(process.pid()));
            return process;
        }
    }

    private @Nullable SecretFolder prepare(HostPlan plan) throws IOException {
        synchronized (lifeLock) {
            if (isEnding) {
                return null;
            }
            SecretFolder folder = SecretFolder.create(plan.secret());
            secretFolder = folder;
            groups.addHoldersOf(folder);
            ifGuarded(present -> present.delete(folder.path()));
            return folder;
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
        boolean isDone = false;
        try {
            isDone = groups.end(TERM_WAIT, KILL_WAIT);
            if (folder != null) {
                folder.delete();
            }
        } catch (IOException e) {
            tell(new AgentEvent.Notice("cannot clean up: " + e.getMessage()));
        }
        if (isDone) {
            ifGuarded(Guard::done);
        } else {
            tell(new AgentEvent.Notice("some processes of the ranks cannot be ended"));
        }
    }
}
