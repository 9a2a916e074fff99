package org.jhorovod.launcher.job;

import com.google.common.collect.EvictingQueue;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * What ssh, the host's shell and the agent's JVM say beside the agent's events. Until the agent has
 * answered it is kept, as the reason should it not; afterwards it is passed on as it comes. Safe
 * for use by several threads.
 */
final class ErrorLines {
    private static final int MOST_LINES = 20;

    // A line that was passed on before has nothing to do with a host's end.
    private static final Duration LAST_WORDS_AGE = Duration.ofSeconds(5);

    private record Line(String text, long nanos) {}

    private final Consumer<String> sink;
    private final LongSupplier nanoTime;
    private final CountDownLatch ended = new CountDownLatch(1);
    // Guarded by this.
    private final EvictingQueue<Line> last = EvictingQueue.create(MOST_LINES);
    private boolean isRelaying;

    ErrorLines(Consumer<String> sink) {
        this(sink, System::nanoTime);
    }

    ErrorLines(Consumer<String> sink, LongSupplier nanoTime) {
        this.sink = sink;
        this.nanoTime = nanoTime;
    }

    /** Takes lines until the stream ends. */
    void readAll(InputStream in) {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                add(line);
            }
        } catch (IOException e) {
            return; // the process was ended
        } finally {
            ended.countDown();
        }
    }

    /** Takes a line. */
    synchronized void add(String line) {
        String text = line.strip();
        if (text.isEmpty()) {
            return;
        }
        last.add(new Line(text, nanoTime.getAsLong()));
        if (isRelaying) {
            sink.accept(text);
        }
    }

    /** Passes on what has come and what will; only the last of it is a reason any more. */
    synchronized void relay() {
        isRelaying = true;
        last.forEach(line -> sink.accept(line.text()));
        last.clear();
    }

    /** Waits a moment for the last line. */
    void awaitEnd(Duration timeout) throws InterruptedException {
        if (!ended.await(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
            return; // somebody else holds the stream open
        }
    }

    /** The lines as the end of a sentence; empty if there are none. */
    synchronized String asReason() {
        long now = nanoTime.getAsLong();
        String reason =
                last.stream()
                        .filter(line -> !isRelaying || isRecent(line, now))
                        .map(Line::text)
                        .collect(Collectors.joining("; "));
        return reason.isEmpty() ? "" : ": " + reason;
    }

    private static boolean isRecent(Line line, long now) {
        return now - line.nanos() <= LAST_WORDS_AGE.toNanos();
    }
}
