package org.jhorovod.allreduce.ranks;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.ranks.RankGroup.Outcome;

/** How a test and the ranks of its {@link RankGroup} talk: a line a case, a line an outcome. */
final class RankLine {
    private static final String RESULT = "@@result ";
    private static final String FAILURE = "@@failure ";

    private RankLine() {}

    /** Several texts as one line. */
    static String of(List<String> words) {
        return words.stream()
                .map(w -> Base64.getEncoder().encodeToString(w.getBytes(StandardCharsets.UTF_8)))
                .collect(Collectors.joining(","));
    }

    /** The texts of a line. */
    static List<String> words(String line) {
        return Arrays.stream(line.split(",", -1))
                .map(w -> new String(Base64.getDecoder().decode(w), StandardCharsets.UTF_8))
                .toList();
    }

    /** An outcome as one line. */
    static String of(Outcome outcome) {
        return (outcome.hasFailed() ? FAILURE : RESULT) + of(List.of(outcome.text()));
    }

    /** The outcome in a line; empty if it is none, but something that a library printed. */
    static Optional<Outcome> outcome(String line) {
        if (line.startsWith(RESULT)) {
            return Optional.of(new Outcome(false, words(line.substring(RESULT.length())).get(0)));
        } else if (line.startsWith(FAILURE)) {
            return Optional.of(new Outcome(true, words(line.substring(FAILURE.length())).get(0)));
        }
        return Optional.empty();
    }
}
