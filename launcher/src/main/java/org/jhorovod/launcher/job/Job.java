package org.jhorovod.launcher.job;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Timer;
import java.util.TimerTask;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.jhorovod.launcher.agent.AgentCommand;
import org.jhorovod.launcher.agent.AgentEvent;
import org.jhorovod.launcher.agent.ProcessGroups;
import org.jhorovod.launcher.agent.SecretFolder;
import org.jhorovod.launcher.output.Console;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.RankPlan;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One job from its start to the launcher's exit code: carries out what {@link JobMachine} decides.
 * For one use.
 */
public final class Job {
    private static final Logger logger = LoggerFactory.getLogger(Job.class);
    private static final int FAILED = 1;
    private static final int SIGPIPE = 13;
    private static final int SIGTERM = 15;
    private static final int MOST_SIGNALS = 2;
    private static final Duration FLUSH_PERIOD = Duration.ofMillis(200);
    private static final Duration TERM_WAIT = Duration.ofMillis(1500);
    private static final Duration KILL_WAIT = Duration.ofSeconds(2);

    private final JobSpec spec;
    private final Console console;
    private final InputStream input;
    private final JobMachine machine = new JobMachine(JobTimes.STANDARD);
    private final BlockingQueue<JobEvent> events = new LinkedBlockingQueue<>();
    private final AtomicInteger signalCount = new AtomicInteger();
    private final AtomicBoolean hasOutputFailed = new AtomicBoolean();
    // Written by the thread that listens to the agent; null until the agent has said.
    private volatile @Nullable SecretFolder secretFolder;
    // Owned by the thread that runs the loop.
    private final Map<Integer, Long> pids = new TreeMap<>();
    private JobState state;
    private boolean hasMetAny;
    private @Nullable String agentEnd; // how the agent went before its time; null if it did not

    /**
     * A job that prints to this console.
     *
     * @param input what rank 0 reads; read on a thread of its own, and left open
     */
    public Job(JobSpec spec, Console console, InputStream input) {
        this.spec = spec;
        this.console = console;
        this.input = input;
        this.state = JobState.start(spec.places().size());
    }

    /**
     * Runs the job, which takes as long as its ranks do.
     *
     * @return what the launcher exits with
     * @throws IOException if the agent or the rendezvous cannot be started
     */
    public int run() throws IOException, InterruptedException {
        Timer flusher = new Timer("jhorovodrun-flush", true);
        flusher.schedule(flushTask(), FLUSH_PERIOD.toMillis(), FLUSH_PERIOD.toMillis());
        Map<Integer, LostReport> reports;
        // The agent first: its JVM starts while this one opens the rendezvous.
        try (AgentLink agent = AgentLink.startLocal();
                Rendezvous rendezvous = Rendezvous.open(spec.handshakeTimeout())) {
            agent.listen(this::heard, how -> events.add(new JobEvent.AgentLost(how)));
            tellIfVerbose(
                    "starts %d ranks on %s, which meet at %s: %s"
                            .formatted(
                                    spec.places().size(),
                                    host(0),
                                    rendezvous.address(),
                                    String.join(" ", spec.command())));
            agent.send(new AgentCommand.Start(plan(rendezvous)));
            agent.forward(input);
            loop(agent, rendezvous);
            reports = rendezvous.reports(spec.places().size());
            hasMetAny = rendezvous.hasMetAny();
        }
        flusher.cancel();
        return verdict(reports);
    }

    private HostPlan plan(Rendezvous rendezvous) {
        String runId = "%x-%d".formatted(System.currentTimeMillis(), ProcessHandle.current().pid());
        List<RankPlan> ranks = new ArrayList<>();
        for (Topology place : spec.places()) {
            ranks.add(RankPlan.of(place, rendezvous.address(), runId, Rendezvous.GENERATION));
        }
        return new HostPlan(
                host(0),
                Path.of("").toAbsolutePath().toString(),
                spec.command(),
                spec.environment(),
                ranks,
                rendezvous.secret());
    }

    private void loop(AgentLink agent, Rendezvous rendezvous) throws InterruptedException {
        while (state.phase() != JobState.Phase.ENDED) {
            JobEvent event = nextEvent();
            note(event, agent);
            JobMachine.Step step = machine.next(state, event, System.nanoTime());
            state = step.state();
            for (JobAction action : step.actions()) {
                act(action, agent, rendezvous);
            }
        }
    }

    private JobEvent nextEvent() throws InterruptedException {
        if (state.deadlineNanos() == JobState.NEVER) {
            return events.take();
        }
        JobEvent event =
                events.poll(state.deadlineNanos() - System.nanoTime(), TimeUnit.NANOSECONDS);
        return event == null ? new JobEvent.DeadlinePassed() : event;
    }

    private void note(JobEvent event, AgentLink agent) throws InterruptedException {
        if (event instanceof JobEvent.RankStarted started) {
            pids.put(started.rank(), started.pid());
            tellIfVerbose(
                    "rank %d runs on %s as pid %d"
                            .formatted(started.rank(), host(started.rank()), started.pid()));
        } else if (event instanceof JobEvent.RankExited exited) {
            boolean hasRun = pids.containsKey(exited.rank());
            String how = hasRun ? ExitCode.describe(exited.code()) : "was not started";
            tellIfVerbose("rank %d %s".formatted(exited.rank(), how));
        } else if (event instanceof JobEvent.AgentLost) {
            agentEnd = agent.describeEnd();
        }
    }

    private void act(JobAction action, AgentLink agent, Rendezvous rendezvous) {
        if (action instanceof JobAction.TellGone gone) {
            rendezvous.tellGone(gone.rank(), "its process " + ExitCode.describe(gone.code()));
        } else if (action instanceof JobAction.AnnounceFailure failure) {
            tell(
                    "rank %d %s; the other ranks get %d s to end by themselves"
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
        tellIfVerbose("sends SIG%s to ranks %s".formatted(send.signal(), state.alive()));
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
                tell("some processes cannot be ended; look for the groups " + pids.values());
            }
            SecretFolder folder = secretFolder;
            if (folder != null) {
                folder.delete();
            }
        } catch (IOException e) {
            tell("cannot clean up after the agent: " + e.getMessage());
        }
    }

    // --- Called by the thread that listens to the agent -----------------------------------------

    private void heard(AgentEvent event) {
        if (event instanceof AgentEvent.Output output) {
            print(output);
        } else if (event instanceof AgentEvent.Started started) {
            events.add(new JobEvent.RankStarted(started.rank(), started.pid()));
        } else if (event instanceof AgentEvent.StartFailed failed) {
            tell("rank %d cannot be started: %s".formatted(failed.rank(), failed.reason()));
            events.add(new JobEvent.RankExited(failed.rank(), FAILED));
        } else if (event instanceof AgentEvent.NotStarted missing) {
            // As if the signal that came first had ended it.
            events.add(new JobEvent.RankExited(missing.rank(), ExitCode.ofSignal(SIGTERM)));
        } else if (event instanceof AgentEvent.Exited exited) {
            console.end(exited.rank());
            events.add(new JobEvent.RankExited(exited.rank(), exited.code()));
        } else if (event instanceof AgentEvent.Prepared prepared) {
            secretFolder = new SecretFolder(Path.of(prepared.secretFolder()));
        } else if (event instanceof AgentEvent.Notice notice) {
            tell(notice.text());
        } else {
            throw new AssertionError(event);
        }
    }

    private void print(AgentEvent.Output output) {
        try {
            console.write(output.rank(), output.stream(), output.bytes().toArray());
        } catch (IOException e) {
            outputFailed(e);
        }
    }

    private void outputFailed(IOException e) {
        if (hasOutputFailed.compareAndSet(false, true)) {
            // As for any other program in a pipeline whose reader has gone.
            logger.debug("The ranks' output cannot be printed.", e);
            events.add(new JobEvent.Interrupted(SIGPIPE));
        }
    }

    // --- Called by other threads ----------------------------------------------------------------

    private TimerTask flushTask() {
        return new TimerTask() {
            @Override
            public void run() {
                try {
                    console.flush();
                } catch (IOException e) {
                    outputFailed(e);
                }
            }
        };
    }

    /**
     * Somebody wants the job to end: the first time ranks are asked to, the second time they are
     * killed, the third time this process ends without waiting for them. Does not block.
     *
     * @param signalNumber of the signal by which they want it; the exit code is 128 + this
     */
    public void interrupt(int signalNumber) {
        if (signalCount.incrementAndGet() > MOST_SIGNALS) {
            // The loop is held up, perhaps by a console that nobody reads. The agent will see the
            // pipe close, and ends the ranks.
            Runtime.getRuntime().halt(ExitCode.ofSignal(signalNumber));
        }
        events.add(new JobEvent.Interrupted(signalNumber));
    }

    // --- At the end -----------------------------------------------------------------------------

    private int verdict(Map<Integer, LostReport> reports) {
        String lostAgent = agentEnd;
        if (lostAgent != null) {
            tell(
                    "the agent that held the ranks on %s is lost: %s. All ranks were ended; start the job again."
                            .formatted(host(0), lostAgent));
            return FAILED;
        }
        Optional<RootCause> cause = RootCause.decide(state.exits(), reports);
        boolean wasInterrupted = state.interruption() != 0;
        if (!wasInterrupted || state.hasFailedByItself()) {
            cause.ifPresent(c -> tell(FailureReport.of(culprit(c), state.exits(), reports)));
        }
        if (wasInterrupted) {
            tell("ended by " + ExitCode.signalName(state.interruption()));
            return ExitCode.ofSignal(state.interruption());
        }
        if (cause.isEmpty()) {
            warnOfCopies();
        }
        return cause.map(RootCause::exitCode).orElse(0);
    }

    private void warnOfCopies() {
        boolean isJava = Path.of(spec.command().get(0)).endsWith("java");
        if (!hasMetAny && isJava && spec.places().size() > 1) {
            tell(
                    "no rank of this job used JHorovod, so %d copies of the program ran, each by itself. To train together, create the trainer with DistributedTrainer.create(model, config)."
                            .formatted(spec.places().size()));
        }
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

    private void tell(String text) {
        console.tell("jhorovodrun: " + text);
    }

    private void tellIfVerbose(String text) {
        if (spec.isVerbose()) {
            tell(text);
        }
    }
}
