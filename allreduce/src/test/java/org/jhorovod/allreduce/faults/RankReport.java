package org.jhorovod.allreduce.faults;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jspecify.annotations.Nullable;

/**
 * What a rank has said of itself so far, a line at a time.
 *
 * @param step which it has begun last; -1 before the first
 * @param isInLast whether it has begun the last collectives
 * @param isDone whether it has finished the job
 * @param failure null if it has not failed
 * @param wrong a wrong result; null if it has found none
 */
record RankReport(
        int step,
        boolean isInLast,
        boolean isDone,
        @Nullable Failure failure,
        @Nullable String wrong) {
    private static final String STEP = "@@step ";
    private static final String LAST = "@@last";
    private static final String DONE = "@@done";
    private static final String FAILED = "@@failed ";
    private static final String WRONG = "@@wrong ";

    /** Before the first line. */
    static final RankReport NOTHING = new RankReport(-1, false, false, null, null);

    /**
     * An exception that has ended a rank.
     *
     * @param type its simple name
     * @param lostRank the rank that it names as lost; -1 for none
     */
    record Failure(String type, int lostRank, String message) {}

    static String step(int step) {
        return STEP + step;
    }

    static String last() {
        return LAST;
    }

    static String done() {
        return DONE;
    }

    static String failed(CollectiveException e) {
        int lostRank = e instanceof PeerLostException lost ? lost.lostRank() : -1;
        return FAILED
                + e.getClass().getSimpleName()
                + " "
                + lostRank
                + " "
                + encoded(String.valueOf(e.getMessage()));
    }

    static String wrong(String what) {
        return WRONG + encoded(what);
    }

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String decoded(String text) {
        return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
    }

    /** What is known after one more line, of which some may be a library's. */
    RankReport after(String line) {
        if (line.startsWith(STEP)) {
            int begun = Integer.parseInt(line.substring(STEP.length()));
            return new RankReport(begun, isInLast, isDone, failure, wrong);
        } else if (line.equals(LAST)) {
            return new RankReport(step, true, isDone, failure, wrong);
        } else if (line.equals(DONE)) {
            return new RankReport(step, isInLast, true, failure, wrong);
        } else if (line.startsWith(WRONG)) {
            String what = decoded(line.substring(WRONG.length()));
            return new RankReport(step, isInLast, isDone, failure, what);
        } else if (line.startsWith(FAILED)) {
            String[] words = line.substring(FAILED.length()).split(" ", 3);
            Failure told = new Failure(words[0], Integer.parseInt(words[1]), decoded(words[2]));
            return new RankReport(step, isInLast, isDone, told, wrong);
        }
        return this;
    }

    /** Whether it has said all that it has to say. */
    boolean isOver() {
        return isDone || failure != null || wrong != null;
    }

    Optional<Failure> findFailure() {
        return Optional.ofNullable(failure);
    }

    /** In few words, for the table. */
    String describe() {
        if (wrong != null) {
            return "wrong: " + wrong;
        }
        if (failure != null) {
            String lost = failure.lostRank() < 0 ? "" : " " + failure.lostRank();
            return failure.type().replace("Exception", "") + lost;
        }
        return isDone ? "done" : "at step " + step;
    }
}
