package org.jhorovod.launcher.job;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.launcher.report.RunFacts;

/** What a report says of how an attempt went. */
final class AttemptFacts {

    private AttemptFacts() {}

    /**
     * Of an attempt that has just ended.
     *
     * @param exits in the order in which ranks ended
     * @param history with this attempt
     */
    static RunFacts of(
            JobSpec spec,
            List<RankExit> exits,
            AttemptEnd end,
            Duration ran,
            AttemptHistory history) {
        List<RunFacts.Rank> ranks = new ArrayList<>();
        for (Topology place : spec.places()) {
            Optional<RankExit> exit =
                    exits.stream().filter(e -> e.rank() == place.rank()).findFirst();
            ranks.add(
                    new RunFacts.Rank(
                            place.rank(),
                            place.host(),
                            exit.map(AttemptFacts::fate).orElse("was not started"),
                            exit.map(e -> !e.isFailure()).orElse(false)));
        }
        return new RunFacts(
                outcome(end.kind()),
                end.reason(),
                end.exitCode(),
                Instant.now().minus(ran),
                ran,
                spec.command(),
                ranks,
                history.ends().size() > 1 ? Optional.of(history.describe()) : Optional.empty());
    }

    private static RunFacts.Outcome outcome(AttemptEnd.Kind kind) {
        return switch (kind) {
            case FINISHED -> RunFacts.Outcome.FINISHED;
            case FAILED -> RunFacts.Outcome.FAILED;
            case REFUSED -> RunFacts.Outcome.NOT_STARTED;
            case INTERRUPTED -> RunFacts.Outcome.INTERRUPTED;
        };
    }

    private static String fate(RankExit exit) {
        if (exit.wasLost()) {
            return "was lost with the agent of its host";
        }
        return ExitCode.describe(exit.code())
                + (exit.wasSignalled() ? ", after jhorovodrun had sent it a signal" : "");
    }
}
