package org.jhorovod.launcher.job;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.Store;
import org.jhorovod.allreduce.rendezvous.StoreServer;
import org.jhorovod.launcher.agent.AgentCommand;
import org.jhorovod.launcher.agent.AgentEvent;
import org.jhorovod.launcher.agent.ProcessGroups;
import org.jhorovod.launcher.agent.SecretFolder;
import org.jhorovod.launcher.output.Console;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.RankPlan;
import org.jspecify.annotations.Nullable;

/**
 * One job from its start to the launcher's exit code: carries out what {@link JobMachine} decides.
 * For one use.
 */
public final class Job {
    private static final int GENERATION = 0;
    private static final int FAILED = 1;
    private static final int SIGPIPE = 13;
    private static final Duration FLUSH_PERIOD = Duration.ofMillis(200);
    private static final Duration TERM_WAIT = Duration.ofMillis(1500);
    private static final Duration KILL_WAIT = Duration.ofSeconds(2);

    private final JobSpec spec;
    private final Console console;
    private final BlockingQueue<JobEvent> events = new LinkedBlockingQueue<>();
    private final JobMachine machine = new JobMachine(JobTimes.STANDARD);
    // Owned by the thread that runs the loop.
    private final Map<Integer, Long> pids = new TreeMap<>();
    private JobState state;
    private @Nullable String agentEnd; // how the agent went before its time; null if it did not
    // Written by the thread that listens to the agent.
    private volatile @Nullable SecretFolder secretFolder; // null until the agent has said

    /** A job that prints to this console. */
    public Job(JobSpec spec, Console console) {
        this.spec = spec;
        this.console = console;
        this.state = JobState.start(spec.places().size());
    }

    /**
     * Runs the job, which takes as long as its ranks do.
     *
     * @return what the launcher exits with
     * @throws IOException if the agent or the rendezvous cannot be started
     */
    public int run() throws IOException, InterruptedException {
        Signals.catchAll(this::interrupt);
        Map<Integer, LostReport> reports;
        try (AgentLink agent = AgentLink.startLocal();
                Rendezvous rendezvous = Rendezvous.open(spec.handshakeTimeout())) {
            agent.listen(this::heard, how -> events.add(new JobEvent.AgentLost(how)));
            agent.send(new AgentCommand.Start(plan(rendezvous)));
            agent.forward(StandardInput.open());
            loop(agent, rendezvous.store());
            reports = reports(rendezvous.store());
        }
        return verdict(reports);
    }

    /** The store for the ranks, and the secret that opens it. */
    private record Rendezvous(StoreServer server, Secret secret) implements AutoCloseable {

        static Rendezvous open(Duration handshakeTimeout) throws IOException {
            Secret secret = Secret.random();
            InetSocketAddress anyPort =
                    new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0);
            return new Rendezvous(StoreServer.open(anyPort, secret, handshakeTimeout), secret);
        }

        String address() {
            return "127.0.0.1:" + server.port();
        }

        Store store() {
            return server.store();
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    private HostPlan plan(Rendezvous rendezvous) {
        String runId =
                Long.toHexString(System.currentTimeMillis()) + "-" + ProcessHandle.current().pid();
        List<RankPlan> ranks = new ArrayList<>();
        for (Topology place : spec.places()) {
            ranks.add(RankPlan.of(place, rendezvous.address(), runId, GENERATION));
        }
        return new HostPlan(
                spec.places().get(0).host(),
                Path.of("").toAbsolutePath().toString(),
                spec.command(),
                spec.environment(),
                ranks,
                rendezvous.secret());
    }

    private void heard(AgentEvent event) {
        if (event instanceof AgentEvent.Prepared prepared) {
            secretFolder = new SecretFolder(Path.of(prepared.secretFolder()));
        } else if (event instanceof AgentEvent.Started started) {
            events.add(new JobEvent.RankStarted(started.rank(), started.pid()));
        } else if (event instanceof AgentEvent.StartFailed failed) {
            console.tell(
                    "jhorovodrun: rank %d cannot be started: %s"
                            .formatted(failed.rank(), failed.reason()));
            events.add(new JobEvent.RankExited(failed.rank(), FAILED));
        } else if (event instanceof AgentEvent.Output output) {
            print(output);
        } else if (event instanceof AgentEvent.Exited exited) {
            console.end(exited.rank());
            events.add(new JobEvent.RankExited(exited.rank(), exited.code()));
        } else if (event instanceof AgentEvent.Notice notice) {
            console.tell("jhorovodrun: " + notice.text());
        }
    }

    private void print(AgentEvent.Output output) {
        try {
            console.write(output.rank(), output.stream(), output.bytes());
        } catch (IOException e) {
            // As for any other program in a pipeline whose reader has gone.
            events.add(new JobEvent.Interrupted(SIGPIPE));
        }
    }

    private void interrupt(int signalNumber) {
        events.add(new JobEvent.Interrupted(signalNumber));
    }

    private void loop(AgentLink agent, Store store) throws InterruptedException {
        while (state.phase() != JobState.Phase.ENDED) {
            JobEvent event = nextEvent();
            note(event, agent);
            JobMachine.Step step = machine.next(state, event, System.nanoTime());
            state = step.state();
            for (JobAction action : step.actions()) {
                act(action, agent, store);
            }
        }
    }

    private JobEvent nextEvent() throws InterruptedException {
        while (true) {
            boolean hasDeadline = state.deadlineNanos() != JobState.NEVER;
            long left = hasDeadline ? state.deadlineNanos() - System.nanoTime() : Long.MAX_VALUE;
            if (left <= 0) {
                return new JobEvent.DeadlinePassed();
            }
            JobEvent event =
                    events.poll(Math.min(left, FLUSH_PERIOD.toNanos()), TimeUnit.NANOSECONDS);
            if (event != null) {
                return event;
            }
        }
    }

    private void note(JobEvent event, AgentLink agent) throws InterruptedException {
        if (event instanceof JobEvent.RankStarted started) {
            pids.put(started.rank(), started.pid());
            if (spec.isVerbose()) {
                console.tell(
                        "jhorovodrun: rank %d runs as pid %d on %s"
                                .formatted(started.rank(), started.pid(), host(started.rank())));
            }
        } else if (event instanceof JobEvent.AgentLost) {
            agentEnd = agent.describeEnd();
        }
    }

    private void act(JobAction action, AgentLink agent, Store store) {
        if (action instanceof JobAction.TellGone gone) {
            String how = "its process " + ExitCode.describe(gone.code());
            store.compareAndSet(
                    Keys.gone(GENERATION, gone.rank()),
                    null,
                    how.getBytes(StandardCharsets.UTF_8),
                    Duration.ZERO);
        } else if (action instanceof JobAction.AnnounceFailure failure) {
            console.tell(
                    "jhorovodrun: rank %d %s; the others get %d s to end"
                            .formatted(
                                    failure.rank(),
                                    ExitCode.describe(failure.code()),
                                    JobTimes.STANDARD.grace().toSeconds()));
        } else if (action instanceof JobAction.SendSignal send) {
            sendSignal(send, agent);
        } else if (action instanceof JobAction.EndWithoutAgent) {
            endWithoutAgent();
        } else {
            throw new AssertionError(action);
        }
    }

    private void sendSignal(JobAction.SendSignal send, AgentLink agent) {
        if (spec.isVerbose()) {
            console.tell(
                    "jhorovodrun: sends SIG%s to ranks %s".formatted(send.signal(), state.alive()));
        }
        try {
            agent.send(new AgentCommand.Signal(send.signal()));
        } catch (IOException e) {
            events.add(new JobEvent.AgentLost(String.valueOf(e.getMessage())));
        }
    }

    private void endWithoutAgent() {
        ProcessGroups groups = new ProcessGroups();
        state.alive().forEach(rank -> Optional.ofNullable(pids.get(rank)).ifPresent(groups::add));
        try {
            if (!groups.end(TERM_WAIT, KILL_WAIT)) {
                console.tell(
                        "jhorovodrun: some processes cannot be ended; look for pids "
                                + pids.values());
            }
            SecretFolder folder = secretFolder;
            if (folder != null) {
                folder.delete();
            }
        } catch (IOException e) {
            console.tell("jhorovodrun: cannot clean up after its agent: " + e.getMessage());
        }
    }

    private Map<Integer, LostReport> reports(Store store) {
        Map<Integer, LostReport> reports = new TreeMap<>();
        for (int rank = 0; rank < spec.places().size(); rank++) {
            Optional<byte[]> value = store.get(Keys.lost(GENERATION, rank), Duration.ZERO);
            if (value.isPresent() && value.get().length >= Integer.BYTES) {
                reports.put(rank, LostReport.decode(value.get()));
            }
        }
        return reports;
    }

    private int verdict(Map<Integer, LostReport> reports) {
        Optional<RootCause> cause = RootCause.decide(state.exits(), reports);
        if (agentEnd != null) {
            console.tell(
                    "jhorovodrun: the agent that held the ranks on %s is lost: %s. All ranks were ended; start the job again."
                            .formatted(host(0), agentEnd));
        } else {
            cause.ifPresent(
                    c -> console.tell(FailureReport.of(culprit(c), state.exits(), reports)));
        }
        if (state.interruption() != 0) {
            return ExitCode.ofSignal(state.interruption());
        }
        return agentEnd != null ? FAILED : cause.map(RootCause::exitCode).orElse(0);
    }

    private FailureReport.Culprit culprit(RootCause cause) {
        return new FailureReport.Culprit(
                cause,
                host(cause.rank()),
                Optional.ofNullable(pids.get(cause.rank())),
                console.lastLines(cause.rank()));
    }

    private String host(int rank) {
        return spec.places().get(rank).host();
    }

    /** The pids of ranks that have started. */
    Collection<Long> pids() {
        return pids.values();
    }
}
