package org.jhorovod.allreduce.timeline;

import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.control.ControlPlane;

/**
 * Hands one session's events of all ranks on, on a thread of its own. That looks for them now and
 * then, and is not woken by each: it would take a core from those who compute.
 */
final class WritingThread {
    private static final int MOST_EVENTS = 2048;
    private static final long POLL_MILLIS = 20;
    private static final long PAUSE_MILLIS = 200;
    private static final long JOIN_MILLIS = 1000;

    private final List<Sink> sinks = new CopyOnWriteArrayList<>();
    private final EventQueue own;
    private final ControlPlane control;
    private final Outbox outbox;
    private final Queue<Arrived> inbox = new ConcurrentLinkedQueue<>();
    private final Set<Integer> missing = new HashSet<>(); // guarded by itself
    private final Thread thread;
    private final CountDownLatch finishing = new CountDownLatch(1);
    private int session;

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

    /**
     * Waits until all other ranks have sent what they will, or until the given time.
     *
     * @return the ranks that have not
     */
    Set<Integer> awaitOthers(long endNanos) {
        synchronized (missing) {
            try {
                while (!missing.isEmpty()
                        && control.failure().isEmpty()
                        && endNanos - System.nanoTime() > 0) {
                    missing.wait(POLL_MILLIS);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return Set.copyOf(missing);
        }
    }

    /** Ends the file with what has come. */
    void finish() {
        finishing.countDown();
        try {
            thread.join(JOIN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            boolean isFinishing = false;
            while (!(isFinishing && own.isEmpty() && inbox.isEmpty())) {
                List<Event> taken = own.take(MOST_EVENTS);
                write(0, taken, own.takeLost());
                for (Arrived next = inbox.poll(); next != null; next = inbox.poll()) {
                    write(next.rank, next.events.events(), next.events.lost());
                    outbox.post(next.rank, new Letter.Written(session).encode());
                }
                sinks.forEach(sink -> sink.tick(System.nanoTime()));
                long pause = taken.size() < MOST_EVENTS ? PAUSE_MILLIS : 0;
                isFinishing = finishing.await(pause, TimeUnit.MILLISECONDS);
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
