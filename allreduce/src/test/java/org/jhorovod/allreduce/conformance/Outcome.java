package org.jhorovod.allreduce.conformance;

import java.util.Optional;

/**
 * How a case ended on one rank.
 *
 * @param rank which rank
 * @param caseName which case
 * @param failure empty if all was as it should be; otherwise exception class and message
 */
public record Outcome(int rank, String caseName, String failure) {
    private static final String MARK = "CASE ";
    private static final String OK = "ok";

    static Outcome ok(int rank, String caseName) {
        return new Outcome(rank, caseName, "");
    }

    static Outcome failed(int rank, String caseName, Throwable failure) {
        return new Outcome(
                rank, caseName, failure.getClass().getName() + ": " + failure.getMessage());
    }

    boolean isOk() {
        return failure.isEmpty();
    }

    /** One line, {@code CASE <name> ok} or {@code CASE <name> <exception class>: <message>}. */
    public String line() {
        return MARK + caseName + " " + (isOk() ? OK : failure.replaceAll("\\R", " | "));
    }

    /** Reads a line of a rank's output; empty if it is none of {@link #line}. */
    public static Optional<Outcome> parse(int rank, String line) {
        String[] parts = line.split(" ", 3);
        if (!line.startsWith(MARK) || parts.length < 3) {
            return Optional.empty();
        }
        return Optional.of(new Outcome(rank, parts[1], parts[2].equals(OK) ? "" : parts[2]));
    }
}
