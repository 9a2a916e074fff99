package org.jhorovod.launcher.job;

import com.google.common.collect.ImmutableList;
import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.Timer;
import java.util.TimerTask;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.timeline.RunSummary;
import org.jhorovod.launcher.agent.AgentCommand;
import org.jhorovod.launcher.agent.AgentEvent;
import org.jhorovod.launcher.agent.SecretFolder;
import org.jhorovod.launcher.output.Console;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One attempt to run a job: carries out what {@link JobMachine} decides. For one use. */
final class Attempt {
    private static final Logger logger = LoggerFactory.getLogger(Attempt.class);
    private static final int SIGPIPE = 13;
    private static final int MOST_SIGNALS = 2;
    private static final Duration FLUSH_PERIOD = Duration.ofMillis(200);

    private final JobSpec spec;
    private final String name;
    private final Console console;
    private final InputStream input;
    private final JobMachine machine;
    private final RankEvents rankEvents;
    private final BlockingQueue<JobEvent> events = new LinkedBlockingQueue<>();
    private final AtomicInteger signalCount = new AtomicInteger();
    private final AtomicBoolean hasOutputFailed = new AtomicBoolean();
    private final Orphans orphans = new Orphans(this::tell);
    // Owned by the thread that runs the loop.
    private final Map<Integer, Long> pids = new TreeMap<>();
    private final Map<String, String> lostAgents = new LinkedHashMap<>(); // how, by host
    private boolean isMpirunLost;
    private Optional<RunSummary> summary = Optional.empty();
    private JobState state;

    /**
     * An attempt that prints to this console.
     *
     * @param name of it in messages
     * @param input what rank 0 reads; read on a thread of its own, and left open
     */
    Attempt(JobSpec spec, String name, Console console, InputStream input) {
        this.spec = spec;
        this.name = name;
        this.console = console;
        this.input = input;
        this.machine = new JobMachine(JobTimes.STANDARD, spec.holders());
        this.state = JobState.start(spec.places().size());
        this.rankEvents =
                spec.isUnderMpirun()
                        ? new MpirunRanks(spec.places().size(), console, events::add, this::tell)
                        : new AgentRanks(console, events::add, this::tell);
    }

    /**
     * Runs it, which takes as long as its ranks do.
     *
     * @throws IOException if an agent or the rendezvous cannot be started
     */
    AttemptEnd run() throws IOException, InterruptedException {
        Timer flusher = new Timer("jhorovodrun-flush", true);
        flusher.schedule(flushTask(), FLUSH_PERIOD.toMillis(), FLUSH_PERIOD.toMillis());
        Verdict.Facts facts;
        tellOfRoot();
        // The agents first: their JVMs start while this one opens the rendezvous.
        try (Agents agents = Agents.start(spec, ThisHost::isMeantBy, new Ear());
                RendezvousServer rendezvous = openRendezvous(agents)) {
            agents.open();
            new JobStart(spec, agents, rendezvous, events, this::tellIfVerbose).run();
            agents.forward(spec.holders().get(0), input);
            loop(agents, rendezvous);
            if (spec.wantsReport()) {
                summary = rendezvous.summary();
            }
            facts =
                    new Verdict.Facts(
                            state,
                            rendezvous.reports(spec.places().size()),
                            lostAgents,
                            isMpirunLost,
                            rendezvous.hasMetAny());
        } catch (StartRefusedException e) {
            tell(String.valueOf(e.getMessage()));
            return e.end();
        } finally {
            flusher.cancel();
        }
        return new Verdict(spec, name, this::tell).pronounce(facts, this::describe);
    }

    /** How its ranks ended, as far as they were started and have ended. */
    List<RankExit> exits() {
        return state.exits();
    }

    /** What rank 0 has told of the run, where a report is wanted. */
    Optional<RunSummary> summary() {
        return summary;
    }

    private RendezvousServer openRendezvous(Agents agents) throws IOException {
        Duration timeout = spec.timeouts().handshake();
        boolean isHere = spec.isUnderMpirun() ? MpirunStart.isHere(spec) : agents.areHere();
        Secret plain = Secret.random();
        Secret secret = spec.certificate().map(plain::with).orElse(plain);
        return isHere
                ? RendezvousServer.openHere(spec.generation(), secret, timeout)
                : RendezvousServer.openToAll(spec.generation(), secret, timeout);
    }

    private void loop(Agents agents, RendezvousServer rendezvous) throws InterruptedException {
        while (state.phase() != JobState.Phase.ENDED) {
            JobEvent event = nextEvent();
            note(event, agents);
            JobMachine.Step step = machine.next(state, event, System.nanoTime());
            state = step.state();
            for (JobAction action : step.actions()) {
                act(action, agents, rendezvous);
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

    private void note(JobEvent event, Agents agents) {
        if (event instanceof JobEvent.RankStarted started) {
            pids.put(started.rank(), started.pid());
            tellIfVerbose(
                    "rank %d runs on %s as pid %d"
                            .formatted(started.rank(), host(started.rank()), started.pid()));
        } else if (event instanceof JobEvent.MpirunStarted started) {
            spec.places().forEach(place -> pids.put(place.rank(), started.pid()));
            tellIfVerbose("mpirun runs as pid " + started.pid());
        } else if (event instanceof JobEvent.MpirunLost lost) {
            lostAgents.put(spec.holders().get(0), lost.how());
            isMpirunLost = true;
        } else if (event instanceof JobEvent.RankExited exited) {
            boolean hasRun = pids.containsKey(exited.rank());
            String how = hasRun ? ExitCode.describe(exited.code()) : "was not started";
            tellIfVerbose("rank %d %s".formatted(exited.rank(), how));
        } else if (event instanceof JobEvent.AgentLost lost) {
            lostAgents.put(lost.host(), lost.how());
            agents.giveUp(lost.host());
            tellIfVerbose("the agent on %s is lost: %s".formatted(lost.host(), lost.how()));
        }
    }

    private void act(JobAction action, Agents agents, RendezvousServer rendezvous) {
        if (action instanceof JobAction.TellGone gone) {
            rendezvous.tellGone(gone.rank(), "its process " + ExitCode.describe(gone.code()));
        } else if (action instanceof JobAction.TellLost lost) {
            rendezvous.tellGone(lost.rank(), "the launcher has lost the agent on " + lost.host());
        } else if (action instanceof JobAction.AnnounceFailure failure) {
            announce("rank %d %s", failure.rank(), ExitCode.describe(failure.code()));
        } else if (action instanceof JobAction.AnnounceLoss loss) {
            announce("the agent on %s is lost: %s", loss.host(), loss.how());
        } else if (action instanceof JobAction.SendSignal send) {
            tellIfVerbose("sends SIG%s to ranks %s".formatted(send.signal(), state.alive()));
            agents.sendToAll(new AgentCommand.Signal(send.signal()));
        } else if (action instanceof JobAction.EndWithoutAgent end) {
            endWithoutAgent(end.ranks(), agents);
        } else {
            throw new AssertionError(action);
        }
    }

    @FormatMethod
    private void announce(@FormatString String what, Object... details) {
        tell(
                "%s; the other ranks get %d s to end by themselves"
                        .formatted(what.formatted(details), JobTimes.STANDARD.grace().toSeconds()));
    }

    /** Does nothing for other hosts, where the agent's guard does it. */
    private void endWithoutAgent(Set<Integer> ranks, Agents agents) {
        List<Integer> here =
                ranks.stream().filter(rank -> agents.isHere(spec.holders().get(rank))).toList();
        if (!here.isEmpty()) {
            orphans.end(here.stream().flatMap(rank -> Stream.ofNullable(pids.get(rank))).toList());
        }
    }

    // --- Called by the threads that listen to the agents ----------------------------------------

    /** Turns what agents say into events of the job. */
    private final class Ear implements AgentLink.Listener {
        @Override
        public void heard(AgentLink link, AgentEvent event) {
            if (event instanceof AgentEvent.Hello hello) {
                events.add(new JobEvent.AgentReady(link.host(), hello));
            } else if (event instanceof AgentEvent.AddressesTried tried) {
                events.add(
                        new JobEvent.AddressesTried(
                                link.host(),
                                tried.identity(),
                                ImmutableList.copyOf(tried.trials())));
            } else if (event instanceof AgentEvent.Prepared prepared) {
                if (link.isHere()) {
                    orphans.haveSecret(new SecretFolder(Path.of(prepared.secretFolder())));
                }
            } else if (event instanceof AgentEvent.Notice notice) {
                noticed(link, notice.text());
            } else {
                hear(event);
            }
        }

        @Override
        public void lost(AgentLink link, String how) {
            events.add(new JobEvent.AgentLost(link.host(), how));
        }

        @Override
        public void noticed(AgentLink link, String line) {
            tell(link.isHere() ? line : link.host() + ": " + line);
        }
    }

    private void hear(AgentEvent event) {
        try {
            rankEvents.heard(event);
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
    void interrupt(int signalNumber) {
        if (signalCount.incrementAndGet() > MOST_SIGNALS) {
            // The loop is held up, perhaps by a console that nobody reads. The agent will see the
            // pipe close, and ends the ranks.
            Runtime.getRuntime().halt(ExitCode.ofSignal(signalNumber));
        }
        events.add(new JobEvent.Interrupted(signalNumber));
    }

    // --- At the end -----------------------------------------------------------------------------

    private FailureReport.Culprit describe(RootCause cause) {
        return new FailureReport.Culprit(
                cause,
                host(cause.rank()),
                // Of mpirun's ranks only their numbers are known.
                Optional.ofNullable(spec.isUnderMpirun() ? null : pids.get(cause.rank())),
                console.lastLines(cause.rank()));
    }

    private String host(int rank) {
        return spec.places().get(rank).host();
    }

    private void tellOfRoot() {
        if (spec.isUnderMpirun() && MpirunStart.isRoot()) {
            tell(
                    "this is root, which mpirun would refuse: OMPI_ALLOW_RUN_AS_ROOT and"
                            + " OMPI_ALLOW_RUN_AS_ROOT_CONFIRM are set for it");
        }
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
