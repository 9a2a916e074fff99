package org.jhorovod.launcher.output;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jhorovod.launcher.agent.AgentEvent.Stream;

/*
 * Note [How output comes through mpirun]
 * mpirun --tag-output puts [1,RANK]<stdout>: before each piece that it reads and after each newline
 * in it, into a buffer of 8 KiB for a piece of 4: of many short lines it drops the last. It also
 * gives no sign by which its tags differ from what a rank prints. So each rank's output goes through
 * a filter that swaps newline with the byte FE, and [ with FF. Then tags come once a piece and
 * cannot be mistaken, and the swap is undone here. When a rank has ended, its filter's owner writes
 * [exit CODE] on standard error.
 */
/**
 * Takes apart one of the two streams of an {@code mpirun}: which bytes are of which rank, and how
 * ranks ended. Not safe for use by several threads.
 */
public final class MpirunOutput {
    private static final Pattern SIGN =
            Pattern.compile("\\[\\d{1,9},(\\d{1,9})]<std(out|err|diag)>:|\\[exit (\\d{1,3})]");
    private static final int NOBODY = -1;

    private final Sink sink;
    private final boolean isShared;
    private final StringBuilder sign = new StringBuilder(); // what may become one
    private final ByteArrayOutputStream piece = new ByteArrayOutputStream();
    private int rank = NOBODY;
    private Stream stream = Stream.STDERR;

    /** Takes the parts. */
    public interface Sink {
        /** A rank wrote this. */
        void wrote(int rank, Stream stream, byte[] bytes) throws IOException;

        /** A rank's program has ended. */
        void exited(int rank, int code);

        /** A line of mpirun itself. */
        void said(String line);
    }

    /**
     * For one stream.
     *
     * @param isShared whether mpirun itself writes there too, as it does on standard error: newline
     *     and [ are themselves then
     */
    public MpirunOutput(Sink sink, boolean isShared) {
        this.sink = sink;
        this.isShared = isShared;
    }

    /** Takes the next bytes, and hands on all that they make certain. */
    public void add(byte[] bytes) throws IOException {
        for (byte b : bytes) {
            add(b);
        }
        if (rank != NOBODY) {
            handOn();
        }
    }

    private void add(byte b) throws IOException {
        if (sign.length() == 0 && b != '[') {
            take(b);
            return;
        }
        if (b == '[') {
            giveUpSign(); // none has a second
        }
        sign.append((char) (b & 0xff));
        Matcher matcher = SIGN.matcher(sign);
        if (matcher.matches()) {
            handOn();
            obey(matcher);
            sign.setLength(0); // the matcher reads from it
        } else if (!matcher.hitEnd()) {
            giveUpSign();
        }
    }

    private void giveUpSign() throws IOException {
        String plain = sign.toString();
        sign.setLength(0);
        for (byte b : plain.getBytes(StandardCharsets.ISO_8859_1)) {
            take(b);
        }
    }

    private void obey(Matcher matcher) {
        if (matcher.group(3) != null) {
            int ended = rank;
            rank = NOBODY; // what follows without a tag is mpirun's
            if (ended != NOBODY) {
                sink.exited(ended, Integer.parseInt(matcher.group(3)));
            }
        } else {
            rank = Integer.parseInt(matcher.group(1));
            stream = "out".equals(matcher.group(2)) ? Stream.STDOUT : Stream.STDERR;
        }
    }

    private void take(byte b) throws IOException {
        if (rank == NOBODY) {
            piece.write(b);
            if (b == '\n') {
                handOn();
            }
        } else {
            piece.write(decoded(b));
        }
    }

    private int decoded(byte b) {
        return switch (b & 0xff) {
            case 0xfe -> '\n';
            case 0xff -> '[';
            case '\n' -> isShared ? b : 0xfe;
            case '[' -> isShared ? b : 0xff;
            default -> b;
        };
    }

    private void handOn() throws IOException {
        if (piece.size() == 0) {
            return;
        }
        byte[] bytes = piece.toByteArray();
        piece.reset();
        if (rank == NOBODY) {
            sink.said(new String(bytes, StandardCharsets.UTF_8).strip());
        } else {
            sink.wrote(rank, stream, bytes);
        }
    }

    /** Hands on what is left. */
    public void end() throws IOException {
        giveUpSign();
        handOn();
    }
}
