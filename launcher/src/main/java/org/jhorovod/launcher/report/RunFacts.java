package org.jhorovod.launcher.report;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What the launcher itself knows of a run, or of its last attempt.
 *
 * @param outcome how it ended
 * @param reason why it failed, as the end of a sentence; empty if it did not
 * @param exitCode that the launcher exits with
 * @param start when it was started
 * @param duration until the last rank had ended
 * @param command the program and its arguments
 * @param ranks in rank order
 * @param attempts what was tried before, in lines; empty if this was the first attempt
 */
public record RunFacts(
        Outcome outcome,
        String reason,
        int exitCode,
        Instant start,
        Duration duration,
        List<String> command,
        List<Rank> ranks,
        Optional<String> attempts) {

    /** How a run can end. */
    public enum Outcome {
        FINISHED,
        FAILED,
        NOT_STARTED,
        INTERRUPTED
    }

    /**
     * One rank.
     *
     * @param fate how its process ended, as the end of a sentence
     * @param isWell whether that is how it should end
     */
    public record Rank(int rank, String host, String fate, boolean isWell) {}

    /** Copies the lists. */
    public RunFacts {
        command = List.copyOf(command);
        ranks = List.copyOf(ranks);
    }
}
