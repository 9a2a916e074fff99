package org.jhorovod.launcher.job;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.rendezvous.LostReport;

/** Says at the end what became of a job, and what the launcher exits with. */
final class Verdict {
    private final JobSpec spec;
    private final String name;
    private final Consumer<String> tell;

    /**
     * What is known in the end.
     *
     * @param state with the exits of all ranks
     * @param reports whom ranks have lost, by the rank that says so
     * @param lostAgents how agents were lost, by host
     * @param isMpirunLost whether it is not the agent that was lost, but the mpirun that it held
     * @param hasMetAny whether any rank came to the rendezvous
     */
    record Facts(
            JobState state,
            Map<Integer, LostReport> reports,
            Map<String, String> lostAgents,
            boolean isMpirunLost,
            boolean hasMetAny) {}

    /**
     * Of a job, or one attempt to run it.
     *
     * @param name of that in messages
     */
    Verdict(JobSpec spec, String name, Consumer<String> tell) {
        this.spec = spec;
        this.name = name;
        this.tell = tell;
    }

    /**
     * Tells the root cause, if there is one.
     *
     * @param describe gathers what is known of the rank that a verdict names
     */
    AttemptEnd pronounce(Facts facts, Function<RootCause, FailureReport.Culprit> describe) {
        JobState state = facts.state();
        Optional<RootCause> cause = RootCause.decide(state.exits(), facts.reports());
        boolean wasInterrupted = state.interruption() != 0;
        Optional<String> report = cause.map(c -> report(c, facts, describe));
        if (!wasInterrupted || state.hasFailedByItself()) {
            report.ifPresent(text -> tell.accept(name + " failed " + text));
        }
        if (wasInterrupted) {
            tell.accept("ended by " + ExitCode.signalName(state.interruption()));
            return AttemptEnd.interrupted(ExitCode.ofSignal(state.interruption()));
        }
        if (cause.isEmpty()) {
            warnOfCopies(facts.hasMetAny());
            return AttemptEnd.finished();
        }
        String reason = report.orElse("").lines().findFirst().orElse("").replaceFirst("\\.$", "");
        Set<String> lostHosts =
                facts.isMpirunLost() ? Set.of() : Set.copyOf(facts.lostAgents().keySet());
        return AttemptEnd.failed(cause.get().exitCode(), reason, lostHosts, facts.hasMetAny());
    }

    private String report(
            RootCause cause, Facts facts, Function<RootCause, FailureReport.Culprit> describe) {
        List<RankExit> exits = facts.state().exits();
        if (exits.stream().noneMatch(e -> e.rank() == cause.rank() && e.wasLost())) {
            return FailureReport.of(describe.apply(cause), exits, facts.reports());
        }
        List<String> holders = spec.holders();
        String host = holders.get(cause.rank());
        Set<Integer> ranks =
                spec.places().stream()
                        .map(Topology::rank)
                        .filter(rank -> holders.get(rank).equals(host))
                        .collect(Collectors.toSet());
        String how = facts.lostAgents().getOrDefault(host, "it no longer answers");
        String holder = (facts.isMpirunLost() ? "mpirun on " : "the agent on ") + host;
        return FailureReport.ofHost(holder, how, exits, facts.reports(), ranks);
    }

    private void warnOfCopies(boolean hasMetAny) {
        boolean isJava = Path.of(spec.command().get(0)).endsWith("java");
        if (!hasMetAny && isJava && spec.places().size() > 1) {
            tell.accept(
                    "no rank of this job used JHorovod, so %d copies of the program ran, each by itself. To train together, create the trainer with DistributedTrainer.create(model, config)."
                            .formatted(spec.places().size()));
        }
    }
}
