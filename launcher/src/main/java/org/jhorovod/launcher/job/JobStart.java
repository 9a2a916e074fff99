package org.jhorovod.launcher.job;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.function.Consumer;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.launcher.agent.AddressTrial;
import org.jhorovod.launcher.agent.AgentCommand;
import org.jhorovod.launcher.agent.AgentEvent;
import org.jhorovod.launcher.agent.AgentMain;
import org.jhorovod.launcher.agent.AgentWire;
import org.jhorovod.launcher.agent.HostIdentity;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.RankPlan;
import org.jhorovod.launcher.plan.ShellWord;

/**
 * What comes before the first rank: every host must have an agent of the same version, and a way to
 * the rendezvous. Only then is anything started, on any of them.
 */
final class JobStart {
    private static final Duration LONGEST_TRIAL = Duration.ofSeconds(10);
    private static final Duration LEAST_PATIENCE = Duration.ofSeconds(15);

    private final JobSpec spec;
    private final Agents agents;
    private final RendezvousServer rendezvous;
    private final BlockingQueue<JobEvent> events;
    private final Consumer<String> tellIfVerbose;

    JobStart(
            JobSpec spec,
            Agents agents,
            RendezvousServer rendezvous,
            BlockingQueue<JobEvent> events,
            Consumer<String> tellIfVerbose) {
        this.spec = spec;
        this.agents = agents;
        this.rendezvous = rendezvous;
        this.events = events;
        this.tellIfVerbose = tellIfVerbose;
    }

    /**
     * Checks the hosts and has them start their ranks.
     *
     * @throws StartRefusedException if a host cannot be used, or somebody wants the launcher to end
     */
    void run() throws StartRefusedException, InterruptedException {
        call(JobEvent.AgentReady.class, Deadline.after(patience()));
        if (spec.isUnderMpirun()) {
            startMpirun();
            return;
        }
        Map<String, String> addresses = agents.areHere() ? loopback() : reachable();
        String runId = "%x-%d".formatted(System.currentTimeMillis(), ProcessHandle.current().pid());
        for (String host : spec.hosts()) {
            String address = addresses.get(host);
            if (address == null) {
                throw new IllegalStateException("bug: no address was chosen for " + host);
            }
            String meetingPoint = AddressChoice.withPort(address, rendezvous.port());
            HostPlan plan = plan(host, meetingPoint, runId);
            tellIfVerbose.accept(
                    "starts %d ranks on %s, which meet at %s: %s"
                            .formatted(
                                    plan.ranks().size(),
                                    host,
                                    meetingPoint,
                                    String.join(" ", spec.command())));
            agents.send(host, new AgentCommand.Start(plan));
        }
    }

    private void startMpirun() throws StartRefusedException {
        try {
            HostPlan plan = MpirunStart.plan(spec, rendezvous);
            tellIfVerbose.accept("starts " + ShellWord.join(plan.command()));
            agents.send(plan.host(), new AgentCommand.Start(plan));
        } catch (IOException e) {
            throw StartRefusedException.failed(String.valueOf(e.getMessage()));
        }
    }

    /** As long as ranks may take to meet, but long enough for a JVM to start on a busy host. */
    private Duration patience() {
        Duration start = spec.timeouts().start();
        return start.compareTo(LEAST_PATIENCE) < 0 ? LEAST_PATIENCE : start;
    }

    private <A extends JobEvent.Answer> Map<String, A> call(Class<A> kind, Deadline deadline)
            throws StartRefusedException, InterruptedException {
        RollCall<A> call = new RollCall<>(kind, agents.hosts());
        call.run(events, deadline);
        if (call.interruption() != 0) {
            throw StartRefusedException.interrupted(call.interruption());
        }
        Map<String, String> failures = new LinkedHashMap<>();
        for (String host : agents.hosts()) {
            failure(host, call).ifPresent(why -> failures.put(host, why));
        }
        refuseIfAny(failures);
        return call.answers();
    }

    private Optional<String> failure(String host, RollCall<?> call) {
        Optional<String> difference =
                call.lastAnswer(host)
                        .filter(JobEvent.AgentReady.class::isInstance)
                        .flatMap(answer -> difference(((JobEvent.AgentReady) answer).hello()));
        String failure = call.failures().get(host);
        if (failure != null) {
            agents.giveUp(host);
            // An agent of another version may fail at the first order that it cannot read.
            return Optional.of(difference.orElse(failure));
        }
        if (call.silent().contains(host)) {
            agents.giveUp(host);
            return Optional.of(
                    "it has not answered within %d s%s (JHOROVOD_START_TIMEOUT_SECONDS)"
                            .formatted(patience().toSeconds(), agents.errorsSoFar(host)));
        }
        return difference;
    }

    private static Optional<String> difference(AgentEvent.Hello hello) {
        boolean isSame =
                hello.wireVersion() == AgentWire.VERSION
                        && hello.version().equals(AgentMain.version());
        return isSame
                ? Optional.empty()
                : Optional.of(
                        "it has JHorovod %s, but this host %s; install the same version on all hosts"
                                .formatted(hello.version(), AgentMain.version()));
    }

    private Map<String, String> loopback() {
        Map<String, String> addresses = new LinkedHashMap<>();
        spec.hosts().forEach(host -> addresses.put(host, RendezvousServer.LOOPBACK_ADDRESS));
        return addresses;
    }

    private Map<String, String> reachable() throws StartRefusedException, InterruptedException {
        List<String> candidates;
        try {
            candidates = ThisHost.addresses(spec.networkInterface());
        } catch (IOException e) {
            throw StartRefusedException.failed(String.valueOf(e.getMessage()));
        }
        // Its own time: agents that were slow to come must not look like a closed port.
        Deadline deadline = Deadline.after(patience());
        Duration trial = patience().dividedBy(2);
        agents.sendToAll(
                new AgentCommand.TryAddresses(
                        candidates,
                        rendezvous.port(),
                        rendezvous.secret(),
                        trial.compareTo(LONGEST_TRIAL) < 0 ? trial : LONGEST_TRIAL));
        Map<String, List<AddressTrial>> trials = new LinkedHashMap<>();
        Map<String, HostIdentity> identities = new LinkedHashMap<>();
        Map<String, JobEvent.AddressesTried> answers =
                call(JobEvent.AddressesTried.class, deadline);
        for (String host : agents.hosts()) { // in the order in which users name them
            JobEvent.AddressesTried answer = Objects.requireNonNull(answers.get(host));
            identities.put(host, answer.identity());
            trials.put(host, answer.trials());
        }
        Map<String, String> failures = new LinkedHashMap<>(SameHost.failures(identities));
        Map<String, String> chosen = AddressChoice.choose(trials);
        trials.forEach(
                (host, own) -> {
                    if (!chosen.containsKey(host)) {
                        failures.putIfAbsent(
                                host, AddressChoice.explainFailure(own, rendezvous.port()));
                    }
                });
        refuseIfAny(failures);
        return chosen;
    }

    private static void refuseIfAny(Map<String, String> failures) throws StartRefusedException {
        if (failures.isEmpty()) {
            return;
        }
        StringBuilder text = new StringBuilder("no rank was started, because ");
        text.append(failures.size() == 1 ? "a host" : failures.size() + " hosts");
        text.append(" cannot be used:");
        failures.forEach((host, why) -> text.append("\n  ").append(host).append(": ").append(why));
        throw StartRefusedException.hostsFailed(text.toString(), failures.keySet());
    }

    private HostPlan plan(String host, String meetingPoint, String runId) {
        List<RankPlan> ranks = new ArrayList<>();
        for (Topology place : spec.places()) {
            if (place.host().equals(host)) {
                ranks.add(RankPlan.of(place, meetingPoint, runId, spec.generation()));
            }
        }
        return new HostPlan(
                host,
                Path.of("").toAbsolutePath().toString(),
                spec.command(),
                spec.environment(),
                ranks,
                rendezvous.secret());
    }
}
