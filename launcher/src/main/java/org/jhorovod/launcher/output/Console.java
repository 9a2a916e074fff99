package org.jhorovod.launcher.output;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jhorovod.launcher.agent.AgentEvent.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Prints what the ranks write, as {@code [rank]<stdout>:line}. A line goes out as soon as it ends;
 * one that stays unfinished, such as a prompt, when {@link #flush} is called. Safe for use by
 * several threads; blocks while whoever reads the console does not.
 */
public final class Console {
    // Only rank 0 can be answered. On a busy host another rank may well be stopped within a line,
    // which what other ranks write would then break in two.
    private static final int PATIENCE = 5;
    private static final byte[] NEWLINE = {'\n'};
    private static final byte[] RETURN = {'\r'};
    private static final byte[] ERASE_LINE = "\033[K".getBytes(StandardCharsets.US_ASCII);

    private final OutputStream out;
    private final OutputStream err;
    private final boolean isTerminal;
    private Optional<RankFiles> files; // guarded by this; empty once writing to them has failed
    // All guarded by this.
    private final Map<String, Channel> channels = new TreeMap<>();
    private final Map<Integer, LastLines> lastLines = new TreeMap<>();
    private @Nullable Channel unfinished; // whose line the cursor stands in; null at a line's start
    private boolean isOverProgress;
    private @Nullable IOException failure; // the first; null as long as there is none

    /** Something with files. */
    private interface FileAction {
        void run() throws IOException;
    }

    /** One stream of one rank. */
    private final class Channel implements LineSplitter.Sink {
        private final byte[] prefix;
        private final OutputStream target;
        private final LastLines last;
        private final LineSplitter splitter = new LineSplitter(this);
        private final int patience; // how many calls of flush an unfinished line waits
        private int quietFlushes;

        Channel(int rank, Stream stream) {
            String name = stream == Stream.STDOUT ? "stdout" : "stderr";
            prefix = "[%d]<%s>:".formatted(rank, name).getBytes(StandardCharsets.US_ASCII);
            target = stream == Stream.STDOUT ? out : err;
            patience = rank == 0 ? 1 : PATIENCE;
            last = lastLines.computeIfAbsent(rank, r -> new LastLines());
        }

        @Override
        public void part(byte[] bytes, LineSplitter.Ending ending) {
            last.add(bytes, ending);
            boolean isEmptyReturn = bytes.length == 0 && ending == LineSplitter.Ending.RETURN;
            if (!isEmptyReturn || unfinished == this) {
                print(this, bytes, ending);
            }
        }
    }

    /**
     * Prints to these streams only.
     *
     * @param isTerminal whether a person looks at it, so that a line may be erased
     */
    public Console(OutputStream out, OutputStream err, boolean isTerminal) {
        this(out, err, isTerminal, Optional.empty());
    }

    /**
     * Prints to these streams and, as it comes, to files.
     *
     * @param isTerminal whether a person looks at it, so that a line may be erased
     * @param files which take what the ranks write as well
     */
    public Console(
            OutputStream out, OutputStream err, boolean isTerminal, Optional<RankFiles> files) {
        this.out = out;
        this.err = err;
        this.isTerminal = isTerminal;
        this.files = files;
    }

    /** Forgets what ranks wrote that have ended, as others get their numbers. */
    public synchronized void beginAttempt() {
        channels.clear();
        lastLines.clear();
    }

    /**
     * Takes what a rank wrote.
     *
     * @throws IOException if nobody reads the console any more
     */
    public synchronized void write(int rank, Stream stream, byte[] bytes) throws IOException {
        files.ifPresent(f -> store(() -> f.write(rank, stream, bytes)));
        Channel channel =
                channels.computeIfAbsent(rank + "/" + stream, key -> new Channel(rank, stream));
        channel.quietFlushes = -1; // the flush to come may be right behind
        channel.splitter.add(bytes);
        throwFailure();
    }

    /** Prints the unfinished lines that have not grown for some calls. */
    public synchronized void flush() throws IOException {
        for (Channel channel : channels.values()) {
            if (++channel.quietFlushes >= channel.patience) {
                channel.splitter.flush();
            }
        }
        throwFailure();
    }

    /** Prints all that is left of a rank's output. */
    public synchronized void end(int rank) {
        for (Stream stream : Stream.values()) {
            Channel channel = channels.get(rank + "/" + stream);
            if (channel != null) {
                channel.splitter.end();
            }
        }
        files.ifPresent(f -> store(() -> f.end(rank)));
    }

    /** A job is worth more than its logs: it goes on without them, but not without a word. */
    private void store(FileAction action) {
        try {
            action.run();
        } catch (IOException e) {
            files = Optional.empty();
            tell(
                    "jhorovodrun: the ranks' output is no longer written to files, which end here: "
                            + e.getMessage());
        }
    }

    /** Prints lines of the launcher itself on standard error. */
    public synchronized void tell(String text) {
        breakLine();
        put(err, (text + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** The last lines of a rank, oldest first. */
    public synchronized List<String> lastLines(int rank) {
        LastLines last = lastLines.get(rank);
        return last == null ? List.of() : last.lines();
    }

    private void print(Channel channel, byte[] bytes, LineSplitter.Ending ending) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        if (unfinished != channel) {
            breakLine();
            text.writeBytes(channel.prefix);
        }
        text.writeBytes(bytes);
        unfinished = ending == LineSplitter.Ending.NONE ? channel : null;
        isOverProgress = ending == LineSplitter.Ending.RETURN;
        if (ending == LineSplitter.Ending.NEWLINE) {
            text.writeBytes(NEWLINE);
        } else if (ending == LineSplitter.Ending.RETURN) {
            text.writeBytes(RETURN);
        }
        put(channel.target, text.toByteArray());
    }

    private void breakLine() {
        if (unfinished != null) {
            put(unfinished.target, NEWLINE);
            unfinished = null;
        } else if (isOverProgress && isTerminal) {
            put(out, ERASE_LINE);
        }
        isOverProgress = false;
    }

    private void put(OutputStream target, byte[] bytes) {
        try {
            target.write(bytes);
            target.flush();
        } catch (IOException e) {
            failure = failure == null ? e : failure;
        }
    }

    private void throwFailure() throws IOException {
        if (failure != null) {
            throw new IOException("nobody reads the console any more", failure);
        }
    }
}
