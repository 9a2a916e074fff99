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
 * On the wire, a byte says which, and a long for which operation the asker waits; 0 is for what is
 * submitted by name:
 *   question
 *   first, next  the answer, with a text; first to the rank that was the first to ask for this operation
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
    private static final int HEAD_BYTES = 1 + Long.BYTES;
    private static final byte QUESTION = 0;
    private static final byte FIRST = 1;
    private static final byte NEXT = 2;

    private final int ownRank;
    private final OwnCalls calls;
    private final BiConsumer<Integer, byte[]> post;
    private final List<Inquiry> open = new ArrayList<>();
    private long lastAskedFor; // by the others
    private int firstAsker = -1; // of them

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
        private final long sequence;
        private final Set<Integer> asked;
        private final Map<Integer, Answer> answers = new HashMap<>();
        private final long sinceNanos = System.nanoTime();

        private Inquiry(long sequence, Set<Integer> asked) {
            this.sequence = sequence;
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
         * Whether no other rank has asked the same before, as far as known.
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
        Inquiry inquiry = new Inquiry(sequence, asked);
        open.add(inquiry);
        for (int rank : asked) {
            if (rank == ownRank) {
                inquiry.answers.put(rank, new Answer(true, describe(calls)));
            } else {
                post.accept(rank, letter(QUESTION, sequence, new byte[0]));
            }
        }
        return inquiry;
    }

    @Override
    public void received(int rank, ByteBuffer letter) throws IOException {
        int kind = letter.remaining() < HEAD_BYTES ? -1 : letter.get();
        long sequence = kind < 0 ? -1 : letter.getLong();
        if (kind == QUESTION && !letter.hasRemaining()) {
            answer(rank, sequence);
        } else if (kind == FIRST || kind == NEXT) {
            String text = StandardCharsets.UTF_8.decode(letter).toString();
            open.stream()
                    .filter(each -> each.sequence == sequence)
                    .forEach(each -> each.answers.put(rank, new Answer(kind == FIRST, text)));
        } else {
            throw new IOException("it sent a letter about what ranks do that makes no sense");
        }
    }

    private void answer(int rank, long sequence) {
        if (sequence > lastAskedFor) {
            lastAskedFor = sequence;
            firstAsker = rank;
        }
        boolean isFirst = sequence == lastAskedFor && rank == firstAsker;
        byte[] text = describe(calls).getBytes(StandardCharsets.UTF_8);
        post.accept(rank, letter(isFirst ? FIRST : NEXT, sequence, text));
    }

    private static byte[] letter(byte kind, long sequence, byte[] text) {
        int length = Math.min(text.length, ControlMessage.MAX_TEXT_BYTES);
        return ByteBuffer.allocate(HEAD_BYTES + length)
                .put(kind)
                .putLong(sequence)
                .put(text, 0, length)
                .array();
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
                "%s it called or awaited %s, %s; %s"
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
