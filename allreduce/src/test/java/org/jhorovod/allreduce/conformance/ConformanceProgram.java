package org.jhorovod.allreduce.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Runs cases on one rank. */
public final class ConformanceProgram {
    private ConformanceProgram() {}

    /**
     * Runs cases one after another, also those after one that failed.
     *
     * @param onOutcome told the outcome of each as soon as it is known
     */
    public static void run(
            Participant participant, List<ConformanceCase> cases, Consumer<Outcome> onOutcome) {
        for (ConformanceCase c : cases) {
            Outcome outcome;
            try {
                c.program().run(participant);
                outcome = Outcome.ok(participant.rank(), c.name());
            } catch (RuntimeException | AssertionError e) {
                outcome = Outcome.failed(participant.rank(), c.name(), e);
            }
            onOutcome.accept(outcome);
        }
    }

    /** Runs cases and returns all outcomes; for ranks that are threads. */
    public static List<Outcome> run(Participant participant, List<ConformanceCase> cases) {
        List<Outcome> outcomes = new ArrayList<>();
        run(participant, cases, outcomes::add);
        return outcomes;
    }
}
