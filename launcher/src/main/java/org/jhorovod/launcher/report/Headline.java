package org.jhorovod.launcher.report;

import java.util.Locale;
import java.util.Optional;

/** The sentences at the top of the page, and others that say how a run went. */
final class Headline {

    private Headline() {}

    /** The one that matters most. */
    static String of(RunFacts facts, Optional<Limit> limit) {
        return switch (facts.outcome()) {
            case FAILED -> "This run failed %s.".formatted(facts.reason());
            case NOT_STARTED -> "This run was not started: %s.".formatted(facts.reason());
            case INTERRUPTED, FINISHED -> limit.map(Limit::sentence).orElse(noFigures(facts));
        };
    }

    private static String noFigures(RunFacts facts) {
        return facts.outcome() == RunFacts.Outcome.INTERRUPTED
                ? "This run was interrupted before a rank told of any collective."
                : "This run has finished, but no rank told of any collective.";
    }

    /** What else belongs at the top. */
    static Optional<String> second(RunFacts facts, Optional<Limit> limit) {
        if (limit.isEmpty()) {
            return facts.outcome() == RunFacts.Outcome.NOT_STARTED
                    ? Optional.empty()
                    : Optional.of(
                            "There are no figures: rank 0 gathers them from the first collective"
                                    + " on, in programs that use JHorovod.");
        }
        return Optional.of(
                facts.outcome() == RunFacts.Outcome.FAILED
                        ? "Until then: " + lower(limit.get().sentence())
                        : limit.get().advice());
    }

    private static String lower(String sentence) {
        return sentence.startsWith("Rank ")
                ? sentence
                : sentence.substring(0, 1).toLowerCase(Locale.ROOT) + sentence.substring(1);
    }

    /** What is not on the page, where the program has joined the job several times. */
    static Optional<String> beforeLast(Figures figures) {
        int round = figures.summary().round();
        return round == 0
                ? Optional.empty()
                : Optional.of(
                        "The ranks have joined, or tried to, %d times in this run: the figures are of the last time alone."
                                .formatted(round + 1));
    }

    /** One word. */
    static String badge(RunFacts facts) {
        return switch (facts.outcome()) {
            case FINISHED -> "finished";
            case FAILED -> "failed";
            case NOT_STARTED -> "not started";
            case INTERRUPTED -> "interrupted";
        };
    }

    /** How the whole run ended. */
    static String ending(RunFacts facts) {
        String after = Words.duration(facts.duration());
        return switch (facts.outcome()) {
            case FINISHED -> "All ranks finished after %s; exit code 0.".formatted(after);
            case FAILED ->
                    "It failed after %s %s; exit code %d."
                            .formatted(after, facts.reason(), facts.exitCode());
            case NOT_STARTED ->
                    "No rank was started: %s; exit code %d."
                            .formatted(facts.reason(), facts.exitCode());
            case INTERRUPTED ->
                    "It was interrupted after %s; exit code %d.".formatted(after, facts.exitCode());
        };
    }

    /** Who is the slowest, and by how much. */
    static String slowest(Figures figures, Figures.Slowest slowest) {
        String busy =
                figures.hasSteps()
                        ? "; it works %s on a step, %s times as long as the middle one of the others"
                                .formatted(
                                        Words.micros(figures.busyMicros(slowest.rank())),
                                        Words.ratio(slowest.busyRatio()))
                        : "";
        if (slowest.ofAllLate() <= Limit.ONE_RANK) {
            return "No rank is the slowest all the time. Rank %d came late the most, with %s of all lateness%s."
                    .formatted(slowest.rank(), Words.percent(slowest.ofAllLate()), busy);
        }
        return "Slowest: rank %d, which came last with %s of all lateness%s. Without its delays up to %s of the time would be saved."
                .formatted(
                        slowest.rank(),
                        Words.percent(slowest.ofAllLate()),
                        busy,
                        Words.percent(slowest.lateShare()));
    }
}
