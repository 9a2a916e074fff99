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
import java.util.concurrent.atomic.AtomicBoolean;
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
    // Callers give up before, and come again as long as their start timeout allows.
    private static final Duration CALLER_PATIENCE = Duration.ofSeconds(30);
    private static final int MOST_WAITING = 4096; // connections, each with descriptors

    private final Duration patience;
    private final int mostWaiting;
    private final AtomicBoolean isWatching = new AtomicBoolean();
    // Who waits for a listener, by its number.
    private final Map<Long, BlockingQueue<Caller>> callers = new ConcurrentHashMap<>();
    private final Set<TimedChannel> waiting = ConcurrentHashMap.newKeySet();
    private final Set<RelayPipe> pipes = ConcurrentHashMap.newKeySet();
    private volatile boolean isClosed;

    /** One who has come for a rank that listens, and how long it waits for that at most. */
    private record Caller(TimedChannel channel, Deadline deadline) {}

    /** Of a job. */
    RelayServer() {
        this(CALLER_PATIENCE, MOST_WAITING);
    }

    /**
     * With other limits.
     *
     * @param patience how long a caller waits for a listener
     * @param mostWaiting how many connections wait before callers are refused
     */
    RelayServer(Duration patience, int mostWaiting) {
        this.patience = patience;
        this.mostWaiting = mostWaiting;
    }

    /** Takes a connection over, which has come to be relayed or to listen. */
    void accept(Identity identity, TimedChannel channel) throws IOException {
        waiting.add(channel);
        if (isClosed) {
            end(channel);
        } else if (identity.purpose() == Identity.Purpose.RELAY) {
            queue(identity, channel);
        } else {
            start(() -> serve(identity.listener(), channel), "jhorovod-relay-" + identity.rank());
        }
    }

    private static void start(Runnable duty, String name) {
        Thread thread = new Thread(duty, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void queue(Identity identity, TimedChannel channel) {
        if (waiting.size() > mostWaiting) {
            logger.warn(
                    "Rank {} is not relayed: {} connections wait already for ranks that do not"
                            + " come. It tries again.",
                    identity.rank(),
                    mostWaiting);
            end(channel);
            return;
        }
        Caller caller = new Caller(channel, Deadline.after(patience));
        callers.compute(
                identity.listener(),
                (number, known) -> {
                    BlockingQueue<Caller> queue =
                            known == null ? new LinkedBlockingQueue<>() : known;
                    queue.add(caller);
                    return queue;
                });
        if (isWatching.compareAndSet(false, true)) {
            start(this::watch, "jhorovod-relay-watch");
        }
    }

    /** Gives callers up whose listener does not come; nobody else looks at them. */
    private void watch() {
        while (!isClosed) {
            LockSupport.parkNanos(Math.min(LOOK.toNanos(), patience.toNanos()));
            callers.keySet().forEach(this::giveUp);
        }
    }

    private void giveUp(long listener) {
        callers.computeIfPresent(
                listener,
                (number, queue) -> {
                    boolean isLeft = false;
                    for (Caller caller : queue) {
                        if (caller.deadline().isOver() && queue.remove(caller)) {
                            end(caller.channel());
                            isLeft = true;
                        }
                    }
                    // One that listens would have taken them; it looks for a new queue in time.
                    return isLeft && queue.isEmpty() ? null : queue;
                });
    }

    private BlockingQueue<Caller> callersOf(long listener) {
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
            Caller caller = callersOf(listener).poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
            if (caller != null && !caller.channel().hasEnded()) {
                return caller.channel();
            }
            if (caller != null) {
                end(caller.channel()); // it has come again by now, or has given up
            } else if (listening.hasEnded()) {
                forget(listener);
                return null;
            }
        }
        return null;
    }

    private void forget(long listener) {
        BlockingQueue<Caller> none = callers.remove(listener);
        if (none != null) {
            none.forEach(caller -> end(caller.channel()));
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
