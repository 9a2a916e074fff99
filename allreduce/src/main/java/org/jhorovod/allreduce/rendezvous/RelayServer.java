package org.jhorovod.allreduce.rendezvous;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Two ranks that nobody can connect to meet at a third process, which both reach:
 *
 *   rank that connects             relay             rank that listens
 *                                    ◀────  handshake, LISTEN n  ────
 *   ── handshake, RELAY n  ────▶
 *                                    ────────────  begin  ──────────▶
 *                                    ◀───────────  ready  ───────────
 *   ◀─────────  begin  ─────────
 *   ═════════════════  bytes as they are, both ways  ════════════════
 *
 * Where the job is encrypted, so is all above the double line, by each connection for itself. What
 * follows the relay only passes on: the two ranks agree on TLS and shake hands with each other, as
 * if it was not there. The one that listens keeps silent until it hears the other, and the other
 * until it is told to begin, so nothing can come too early for an end that still expects TLS.
 */
/** Joins connections of ranks that nobody can connect to, in the process that hosts the store. */
final class RelayServer implements Closeable {
    /** What the relay, and then the rank that listens, says. */
    static final byte BEGIN = 1;

    private static final Logger logger = LoggerFactory.getLogger(RelayServer.class);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);
    private static final Duration PAUSE = Duration.ofMillis(10);

    // Who waits for a listener, by its number.
    private final Map<Long, BlockingQueue<TimedChannel>> callers = new ConcurrentHashMap<>();
    private final Set<TimedChannel> waiting = ConcurrentHashMap.newKeySet();
    private final Set<RelayPipe> pipes = ConcurrentHashMap.newKeySet();
    private volatile boolean isClosed;

    /** Takes a connection over, which has come to be relayed or to listen. */
    void accept(Identity identity, TimedChannel channel) throws IOException {
        waiting.add(channel);
        if (isClosed) {
            end(channel);
        } else if (identity.purpose() == Identity.Purpose.RELAY) {
            callersOf(identity.listener()).add(channel);
        } else {
            Thread thread =
                    new Thread(
                            () -> serve(identity.listener(), channel),
                            "jhorovod-relay-" + identity.rank());
            thread.setDaemon(true);
            thread.start();
        }
    }

    private BlockingQueue<TimedChannel> callersOf(long listener) {
        return callers.computeIfAbsent(listener, number -> new LinkedBlockingQueue<>());
    }

    /** One connection of a rank that listens; for the next caller it opens another. */
    private void serve(long listener, TimedChannel listening) {
        try {
            TimedChannel caller = awaitCaller(listener, listening);
            if (caller != null) {
                join(caller, listening);
            }
        } catch (IOException e) {
            logger.debug("A rank was not there any more when it was to be relayed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            end(listening);
        }
    }

    private @Nullable TimedChannel awaitCaller(long listener, TimedChannel listening)
            throws InterruptedException {
        while (!isClosed) {
            TimedChannel caller = callersOf(listener).poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
            if (caller != null && !caller.hasEnded()) {
                return caller;
            }
            if (caller != null) {
                end(caller); // it has come again by now, or has given up
            } else if (listening.hasEnded()) {
                forget(listener);
                return null;
            }
        }
        return null;
    }

    private void forget(long listener) {
        BlockingQueue<TimedChannel> none = callers.remove(listener);
        if (none != null) {
            none.forEach(this::end);
        }
    }

    private void join(TimedChannel caller, TimedChannel listening) throws IOException {
        try (caller) {
            Deadline deadline = Deadline.after(ANSWER_TIMEOUT);
            say(listening, deadline);
            hear(listening, deadline);
            say(caller, deadline);
            pass(new RelayPipe(caller.releaseBare(), listening.releaseBare()), caller, listening);
        } finally {
            waiting.remove(caller);
        }
    }

    private void pass(RelayPipe pipe, TimedChannel caller, TimedChannel listening) {
        pipes.add(pipe);
        waiting.remove(caller);
        waiting.remove(listening);
        try {
            pipe.run();
        } finally {
            pipes.remove(pipe);
        }
    }

    static void say(TimedChannel channel, Deadline deadline) throws IOException {
        channel.writeFully(ByteBuffer.wrap(new byte[] {BEGIN}), deadline);
    }

    static void hear(TimedChannel channel, Deadline deadline) throws IOException {
        ByteBuffer said = ByteBuffer.allocate(1);
        channel.readFully(said, deadline);
        if (said.get(0) != BEGIN) {
            throw new IOException("the relay and the ranks do not understand each other");
        }
    }

    private void end(TimedChannel channel) {
        waiting.remove(channel);
        try {
            channel.close();
        } catch (IOException e) {
            logger.debug("Could not close a connection that waited to be relayed", e);
        }
    }

    /** Ends all, but leaves ranks that part some time to say goodbye to each other. */
    @Override
    public void close() {
        isClosed = true;
        waiting.forEach(this::end);
        Deadline deadline = Deadline.after(LAST_WORDS);
        while (!pipes.isEmpty() && !deadline.isOver()) {
            LockSupport.parkNanos(PAUSE.toNanos());
        }
        pipes.forEach(RelayPipe::close);
    }
}
