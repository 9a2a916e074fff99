package org.jhorovod.allreduce.timeline;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the events of one session into letters to rank 0, on a thread of its own, which looks for
 * them now and then.
 */
final class SendingThread {
    private static final Logger logger = LoggerFactory.getLogger(SendingThread.class);
    private static final int MOST_EVENTS = 512;
    private static final int MOST_UNWRITTEN = 8; // letters on the way
    private static final long POLL_MILLIS = 20;
    private static final long PAUSE_MILLIS = 200;

    private final int rank;
    private final int session;
    private final EventQueue queue;
    private final Supplier<@Nullable RankClock> clock;
    private final Outbox outbox;
    private final Semaphore room = new Semaphore(MOST_UNWRITTEN);
    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread thread;
    private final CountDownLatch finishing = new CountDownLatch(1);
    private volatile boolean isGivenUp;

    /**
     * Of one session.
     *
     * @param clock null until it is known
     */
    SendingThread(
            int rank,
            int session,
            EventQueue queue,
            Supplier<@Nullable RankClock> clock,
            Outbox outbox) {
        this.rank = rank;
        this.session = session;
        this.queue = queue;
        this.clock = clock;
        this.outbox = outbox;
        this.thread = new Thread(this::run, "jhorovod-timeline-" + rank);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    int session() {
        return session;
    }

    /** Has it end when all that is recorded is sent. */
    void finish() {
        finishing.countDown();
    }

    /** Has it end now. */
    void giveUp() {
        isGivenUp = true;
        finishing.countDown();
    }

    /** Whether rank 0 has not written what it was sent. */
    boolean isWithoutRoom() {
        return room.availablePermits() == 0;
    }

    /** Rank 0 has written one letter. */
    void written() {
        room.release();
    }

    boolean isDone() {
        return done.getCount() == 0;
    }

    /** Waits until all is on its way. */
    void awaitDone(long endNanos) {
        try {
            if (!done.await(endNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                giveUp();
                logger.warn(
                        "Rank {} ends before all that it recorded was sent: the timeline or report"
                                + " lacks some of it.",
                        rank);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            long lostInAll = 0;
            boolean isFinishing = false;
            while (!isGivenUp && !(isFinishing && queue.isEmpty())) {
                RankClock known = clock.get();
                if (known == null) {
                    TimeUnit.MILLISECONDS.sleep(1);
                    continue;
                }
                List<Event> events = queue.take(MOST_EVENTS);
                long lost = queue.takeLost();
                lostInAll += lost;
                send(known, events, lost);
                long pause = events.size() < MOST_EVENTS ? PAUSE_MILLIS : 0;
                isFinishing = finishing.await(pause, TimeUnit.MILLISECONDS);
            }
            outbox.post(0, new Letter.Ended(session).encode());
            if (lostInAll > 0) {
                logger.warn(
                        "{} events of rank {} are not in the timeline: they came faster than they"
                                + " could be written.",
                        lostInAll,
                        rank);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            done.countDown();
        }
    }

    private void send(RankClock known, List<Event> events, long lost) throws InterruptedException {
        if (events.isEmpty() && lost == 0) {
            return;
        }
        List<Event> onRank0 = new ArrayList<>();
        events.forEach(event -> onRank0.add(event.on(known)));
        for (byte[] letter : Letter.split(new Letter.Events(session, lost, onRank0))) {
            while (!isGivenUp && !room.tryAcquire(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                logger.trace("Rank {} waits for rank 0 to write its timeline", rank);
            }
            outbox.post(0, letter);
        }
    }
}
