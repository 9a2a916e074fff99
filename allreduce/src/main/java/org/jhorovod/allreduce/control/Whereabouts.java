package org.jhorovod.allreduce.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/*
 * On the wire, a byte says which:
 *   question     the operation that the asker waits for, a long; 0 for what is submitted by name
 *   first, next  the answer, a text; first if nobody has asked for this operation before
 */
/**
 * What ranks do for which others wait: these ask them, and they answer with the thread that called
 * last, and its stack. Owned by the control thread.
 */
public final class Whereabouts implements Correspondent {
    /** A wait that is not for one operation. */
    public static final long BY_NAME = 0;

    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final int MOST_ASKED = 4; // of which a failure can tell the peers
    private static final int MOST_FRAMES = 24;
    private static final byte QUESTION = 0;
    private static final byte FIRST = 1;
    private static final byte NEXT = 2;

    private final int ownRank;
    private final OwnCalls calls;
    private final BiConsumer<Integer, byte[]> post;
    private final List<Inquiry> open = new ArrayList<>();
    private long lastAskedFor; // by the others

    /**
     * Of one rank.
     *
     * @param post sends a letter to a rank
     */
    Whereabouts(int ownRank, OwnCalls calls, BiConsumer<Integer, byte[]> post) {
        this.ownRank = ownRank;
        this.calls = calls;
        this.post = post;
    }

    private record Answer(boolean isFirst, String text) {}

    /** What some ranks have been asked, and what they answer. */
    public static final class Inquiry {
        private final Set<Integer> asked;
        private final Map<Integer, Answer> answers = new HashMap<>();
        private final long sinceNanos = System.nanoTime();

        private Inquiry(Set<Integer> asked) {
            this.asked = asked;
        }

        /** Who has been asked. */
        public Set<Integer> ranks() {
            return asked;
        }

        /** Whether all have answered, or have had the time for it. */
        public boolean isOver() {
            return answers.keySet().containsAll(asked)
                    || System.nanoTime() - sinceNanos >= ANSWER_NANOS;
        }

        /** What a rank does, as a clause about it; empty if it has not answered. */
        public Optional<String> of(int rank) {
            return Optional.ofNullable(answers.get(rank)).map(Answer::text);
        }

        /**
         * Whether no other rank has been told the same before, as far as known.
         *
         * @param missing the ranks that are missing still, in their order, so that all who ask
         *     listen to the same one
         */
        public boolean isFirst(Collection<Integer> missing) {
            return missing.stream()
                    .findFirst()
                    .map(answers::get)
                    .map(Answer::isFirst)
                    .orElse(true); // nobody knows who else has asked
        }
    }

    /**
     * Asks ranks what they do; of a great many, the first few.
     *
     * @param sequence of the operation that waits for them, or {@link #BY_NAME}
     */
    public Inquiry ask(Collection<Integer> ranks, long sequence) {
        open.removeIf(Inquiry::isOver);
        Set<Integer> asked = new TreeSet<>();
        ranks.stream().sorted().limit(MOST_ASKED).forEach(asked::add);
        Inquiry inquiry = new Inquiry(asked);
        open.add(inquiry);
        for (int rank : asked) {
            if (rank == ownRank) {
                inquiry.answers.put(rank, new Answer(true, describe(calls)));
            } else {
                byte[] question = new byte[1 + Long.BYTES];
                ByteBuffer.wrap(question).put(QUESTION).putLong(sequence);
                post.accept(rank, question);
            }
        }
        return inquiry;
    }

    @Override
    public void received(int rank, ByteBuffer letter) throws IOException {
        int kind = letter.hasRemaining() ? letter.get() : -1;
        if (kind == QUESTION && letter.remaining() == Long.BYTES) {
            answer(rank, letter.getLong());
        } else if (kind == FIRST || kind == NEXT) {
            String text = StandardCharsets.UTF_8.decode(letter).toString();
            open.forEach(each -> each.answers.put(rank, new Answer(kind == FIRST, text)));
        } else {
            throw new IOException("it sent a letter about what ranks do that makes no sense");
        }
    }

    private void answer(int rank, long sequence) {
        boolean isFirst = sequence > lastAskedFor;
        lastAskedFor = Math.max(lastAskedFor, sequence);
        byte[] text = describe(calls).getBytes(StandardCharsets.UTF_8);
        byte[] letter = new byte[1 + Math.min(text.length, ControlMessage.MAX_TEXT_BYTES)];
        letter[0] = isFirst ? FIRST : NEXT;
        System.arraycopy(text, 0, letter, 1, letter.length - 1);
        post.accept(rank, letter);
    }

    /** What this rank does, as a clause about it. */
    static String describe(OwnCalls calls) {
        Optional<OwnCalls> latest = calls.latest();
        if (latest.isEmpty()) {
            return "it has not called JHorovod since it started";
        }
        OwnCalls last = latest.get();
        if (last == calls) {
            return thread(calls);
        }
        String elsewhere =
                "%s it called %s, %s; %s"
                        .formatted(
                                calls.hasCalled()
                                        ? "since then"
                                        : "it has called nothing of these ranks yet, and last",
                                last.last().describeCalls(),
                                last.group().isEmpty() ? "of all ranks" : "of " + last.group(),
                                thread(last));
        boolean isSameThread = calls.caller().equals(last.caller());
        return calls.hasCalled() && !isSameThread
                ? "%s; and %s".formatted(elsewhere, thread(calls))
                : elsewhere;
    }

    private static String thread(OwnCalls calls) {
        return calls.caller()
                .map(Whereabouts::describe)
                .orElse("the thread that called it is gone");
    }

    private static String describe(Thread thread) {
        StackTraceElement[] frames = thread.getStackTrace();
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < Math.min(frames.length, MOST_FRAMES); i++) {
            lines.append("\n        at ").append(frames[i]);
        }
        return "its thread '%s' is %s%s"
                .formatted(thread.getName(), lines.isEmpty() ? "gone" : thread.getState(), lines);
    }

    @Override
    public void left(int rank) {}

    @Override
    public void work() {}
}
