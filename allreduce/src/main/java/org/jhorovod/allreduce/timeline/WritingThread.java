package org.jhorovod.allreduce.timeline;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jhorovod.allreduce.control.ControlPlane;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes one session's events of all ranks, on a thread of its own. */
final class WritingThread {
    private static final Logger logger = LoggerFactory.getLogger(WritingThread.class);
    private static final int MOST_EVENTS = 2048;
    private static final long POLL_MILLIS = 20;
    private static final long JOIN_MILLIS = 1000;

    private final TraceFile file;
    private final Path path;
    private final EventQueue own;
    private final ControlPlane control;
    private final Outbox outbox;
    private final Queue<Arrived> inbox = new ConcurrentLinkedQueue<>();
    private final Set<Integer> missing = new HashSet<>(); // guarded by itself
    private final Thread thread;
    private int session;
    private long lostInAll; // owned by the thread
    private boolean isBroken; // owned by the thread
    private volatile boolean isFinishing;

    /** A letter of another rank. */
    private record Arrived(int rank, Letter.Events events) {}

    WritingThread(
            int size, TraceFile file, Path path, EventQueue own, ControlPlane control, Outbox out) {
        this.file = file;
        this.path = path;
        this.own = own;
        this.control = control;
        this.outbox = out;
        for (int rank = 1; rank < size; rank++) {
            missing.add(rank);
        }
        this.thread = new Thread(this::run, "jhorovod-timeline-0");
        this.thread.setDaemon(true);
    }

    void start(int number) {
        session = number;
        thread.start();
    }

    int session() {
        return session;
    }

    /** Takes what has happened on another rank. Does not block. */
    void add(int rank, Letter.Events events) {
        inbox.add(new Arrived(rank, events));
    }

    /** Another rank has sent all that it will. */
    void ended(int rank) {
        synchronized (missing) {
            missing.remove(rank);
            missing.notifyAll();
        }
    }

    /** Ends the file when all ranks have sent what they have, or at the given time. */
    void finish(long endNanos) {
        try {
            awaitOthers(endNanos);
            isFinishing = true;
            thread.join(JOIN_MILLIS);
        } catch (InterruptedException e) {
            isFinishing = true;
            Thread.currentThread().interrupt();
        }
    }

    private void awaitOthers(long endNanos) throws InterruptedException {
        synchronized (missing) {
            while (!missing.isEmpty()
                    && control.failure().isEmpty()
                    && endNanos - System.nanoTime() > 0) {
                missing.wait(POLL_MILLIS);
            }
        }
    }

    private void run() {
        try (file) {
            while (!(isFinishing && own.isEmpty() && inbox.isEmpty())) {
                write(0, own.poll(MOST_EVENTS, POLL_MILLIS), own.takeLost());
                for (Arrived next = inbox.poll(); next != null; next = inbox.poll()) {
                    write(next.rank, next.events.events(), next.events.lost());
                    outbox.post(next.rank, new Letter.Written(session).encode());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            logger.warn("The timeline {} could not be closed: {}", path, e.toString());
        }
        if (lostInAll > 0) {
            logger.warn(
                    "{} events are not in the timeline {}: they came faster than they could be"
                            + " written.",
                    lostInAll,
                    path);
        }
    }

    private void write(int rank, List<Event> events, long lost) {
        lostInAll += lost;
        if (isBroken || (events.isEmpty() && lost == 0)) {
            return;
        }
        try {
            file.write(rank, control.host(rank), events);
            if (lost > 0) {
                file.write(rank, control.host(rank), List.of(lost(lost, System.nanoTime())));
            }
        } catch (IOException e) {
            isBroken = true;
            logger.warn("The timeline {} cannot be written any more: {}", path, e.toString());
        }
    }

    private static Event lost(long count, long nowNanos) {
        return new Event(Event.Kind.INSTANT, "lost", count + " EVENTS LOST", "", 0, nowNanos, 0);
    }
}
