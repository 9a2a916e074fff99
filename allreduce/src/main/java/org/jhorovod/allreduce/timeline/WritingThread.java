package org.jhorovod.allreduce.timeline;

import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jhorovod.allreduce.control.ControlPlane;

/** Hands one session's events of all ranks on, on a thread of its own. */
final class WritingThread {
    private static final int MOST_EVENTS = 2048;
    private static final long POLL_MILLIS = 20;
    private static final long JOIN_MILLIS = 1000;

    private final List<Sink> sinks = new CopyOnWriteArrayList<>();
    private final EventQueue own;
    private final ControlPlane control;
    private final Outbox outbox;
    private final Queue<Arrived> inbox = new ConcurrentLinkedQueue<>();
    private final Set<Integer> missing = new HashSet<>(); // guarded by itself
    private final Thread thread;
    private int session;
    private volatile boolean isFinishing;

    /** A letter of another rank. */
    private record Arrived(int rank, Letter.Events events) {}

    WritingThread(int size, EventQueue own, ControlPlane control, Outbox out) {
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

    /** Has all that comes from now on written there too; closes it in the end. */
    void write(Sink sink) {
        sinks.add(sink);
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
        try {
            while (!(isFinishing && own.isEmpty() && inbox.isEmpty())) {
                write(0, own.poll(MOST_EVENTS, POLL_MILLIS), own.takeLost());
                for (Arrived next = inbox.poll(); next != null; next = inbox.poll()) {
                    write(next.rank, next.events.events(), next.events.lost());
                    outbox.post(next.rank, new Letter.Written(session).encode());
                }
                sinks.forEach(sink -> sink.tick(System.nanoTime()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            sinks.forEach(Sink::close);
        }
    }

    private void write(int rank, List<Event> events, long lost) {
        if (!events.isEmpty() || lost > 0) {
            String host = control.host(rank);
            sinks.forEach(sink -> sink.add(rank, host, events, lost));
        }
    }
}
