package org.jhorovod.launcher.job;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What ssh, the host's shell and the agent's JVM say beside the agent's events. Until the agent has
 * answered it is kept, as the reason should it not; afterwards it is passed on as it comes. Safe
 * for use by several threads.
 */
final class ErrorLines {
    private static final int MOST_LINES = 20;

    private final Consumer<String> sink;
    private final CountDownLatch ended = new CountDownLatch(1);
    // Guarded by this.
    private final Deque<String> last = new ArrayDeque<>();
    private boolean isRelaying;

    ErrorLines(Consumer<String> sink) {
        this.sink = sink;
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
        if (last.size() == MOST_LINES) {
            last.removeFirst();
        }
        last.addLast(text);
        if (isRelaying) {
            sink.accept(text);
        }
    }

    /** Passes on what has come and what will; only the latter is a reason any more. */
    synchronized void relay() {
        isRelaying = true;
        last.forEach(sink);
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
        return last.isEmpty() ? "" : ": " + String.join("; ", last);
    }
}
