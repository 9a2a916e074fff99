package org.jhorovod.allreduce.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.CommunicatorClosedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs submitted collectives one after another on a thread of its own, or on that of a caller who
 * finds nothing else under way.
 *
 * <p>The first failure ends the engine: the collective that met it, all that wait and all that come
 * later fail with the same cause.
 */
final class Engine {

    private sealed interface Task permits Submission, End {}

    /** A collective that waits for its turn. */
    record Submission(Runnable collective, CompletableFuture<Void> future) implements Task {}

    private record End() implements Task {}

    private static final Logger logger = LoggerFactory.getLogger(Engine.class);

    private static final Duration ABANDONED_WAIT = Duration.ofSeconds(1);
    // What ends later than this is worth a sleep, which leaves the core to the engine.
    private static final long CALLER_LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

    private final LinkedBlockingQueue<Task> queue = new LinkedBlockingQueue<>();
    private final Thread thread;
    private final long alertnessNanos;
    private final Consumer<CollectiveException> onFailure;
    private final Function<Throwable, CollectiveException> explainBug;
    private final AtomicInteger unfinished = new AtomicInteger();
    // Of whoever runs a collective: this engine's thread, or a caller.
    private final Semaphore turn = new Semaphore(1);
    private volatile @Nullable CollectiveException failure;
    private volatile @Nullable Submission running; // null between two

    /**
     * Creates the engine; {@link #start} starts it.
     *
     * @param alertness how long it looks for the next collective, and a caller for the end of one,
     *     before they sleep
     * @param onFailure called with the first failure, before any future completes with it
     * @param explainBug turns what nobody expected into the failure that users and peers see
     */
    Engine(
            int rank,
            Duration alertness,
            Consumer<CollectiveException> onFailure,
            Function<Throwable, CollectiveException> explainBug) {
        this.alertnessNanos = alertness.toNanos();
        this.onFailure = onFailure;
        this.explainBug = explainBug;
        this.thread = new Thread(this::run, "jhorovod-engine-" + rank);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Takes a collective; the caller keeps the order. */
    void submit(Submission submission) {
        unfinished.incrementAndGet();
        queue.add(submission);
        CollectiveException known = failure;
        if (known != null) {
            failAll(known);
        }
    }

    /**
     * Takes a collective that its caller is going to run with {@link #runHere}, if it would be the
     * next to run; the caller keeps the order.
     *
     * @return whether it has taken it
     */
    boolean submitHere() {
        boolean isNext =
                unfinished.get() == 0
                        && failure == null
                        && !Thread.currentThread().isInterrupted()
                        && turn.tryAcquire();
        if (isNext) {
            unfinished.incrementAndGet();
        }
        return isNext;
    }

    /** Runs what {@link #submitHere} has taken, on the calling thread. */
    void runHere(Submission submission) {
        CollectiveException cause = runInTurn(submission);
        if (cause != null) {
            failAll(cause);
        }
    }

    /** Whether the caller is the engine itself, as in a future's handler. */
    boolean isEngineThread() {
        return Thread.currentThread() == thread;
    }

    /** Whether there is a collective that has not ended. */
    boolean isBusy() {
        return unfinished.get() > 0;
    }

    /** Whether the thread still runs; futures of an engine that ended are complete. */
    boolean isAlive() {
        return thread.isAlive();
    }

    private void run() {
        CollectiveException end = null;
        while (end == null) {
            try {
                Task task = next();
                end = task instanceof Submission s ? run(s) : closed();
            } catch (InterruptedException e) {
                end = closed();
            }
        }
        turn.acquireUninterruptibly(); // a caller's collective comes to its end before
        CollectiveException known = failure;
        failure = known == null ? end : known;
        failAll(end);
    }

    @SuppressWarnings("ThreadPriorityCheck") // a yield is meant: to whoever has work on this core
    private Task next() throws InterruptedException {
        long sleepsAt = System.nanoTime() + alertnessNanos;
        Task task = queue.poll();
        while (task == null && System.nanoTime() - sleepsAt < 0) {
            Thread.yield();
            task = queue.poll();
        }
        return task == null ? queue.take() : task;
    }

    /** Looks for a collective's end, as the engine does for the next one but not for as long. */
    @SuppressWarnings("ThreadPriorityCheck") // a yield is meant: to the engine, on the same core
    void lookFor(CompletableFuture<?> collective) {
        long sleepsAt = System.nanoTime() + Math.min(alertnessNanos, CALLER_LOOK_NANOS);
        while (!collective.isDone() && System.nanoTime() - sleepsAt < 0) {
            Thread.yield();
        }
    }

    /** Why nothing more runs once it has been closed. */
    static CommunicatorClosedException closed() {
        return new CommunicatorClosedException(
                "The communicator has been shut down. Call JHorovod.init() again before the next"
                        + " collective, or shut down later.");
    }

    private @Nullable CollectiveException run(Submission submission) {
        turn.acquireUninterruptibly();
        CollectiveException known = failure;
        if (known == null) {
            return runInTurn(submission);
        }
        turn.release();
        submission.future().completeExceptionally(known);
        return known;
    }

    /** Runs one collective, gives up the turn, and returns what it failed with, if it did. */
    private @Nullable CollectiveException runInTurn(Submission submission) {
        CollectiveException cause = attempt(submission);
        if (cause != null) {
            return failed(submission, cause);
        }
        turn.release();
        // Before the future: whoever it wakes may end the process at once.
        unfinished.decrementAndGet();
        submission.future().complete(null);
        return failure; // set where it was given up, and came to its end all the same
    }

    private @Nullable CollectiveException attempt(Submission submission) {
        running = submission;
        try {
            submission.collective().run();
            return null;
        } catch (CollectiveException e) {
            return e;
        } catch (Throwable e) {
            logger.error("bug: the engine met an unexpected failure", e);
            return explainBug.apply(e);
        } finally {
            running = null; // before the turn is given up, with which another one runs
        }
    }

    private CollectiveException failed(Submission submission, CollectiveException cause) {
        CollectiveException known = failure;
        if (known != null) {
            logger.debug("A collective that was given up has failed", cause);
        } else {
            // The report of a lost rank goes over a channel, which an interrupt would close.
            boolean wasInterrupted = Thread.interrupted();
            onFailure.accept(cause);
            failure = cause;
            submission.future().completeExceptionally(cause);
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
        turn.release();
        return known == null ? cause : known;
    }

    /**
     * Fails what runs and what waits, if the collective that runs now still does after the given
     * time: it may sit in a library that cannot be interrupted. The thread is then left to it. Does
     * not block.
     */
    void giveUpAfter(Duration wait, CollectiveException cause) {
        Submission stuck = running;
        if (stuck == null) {
            return;
        }
        Thread watch = new Thread(() -> giveUp(stuck, wait, cause), "jhorovod-engine-give-up");
        watch.setDaemon(true);
        watch.start();
    }

    private void giveUp(Submission stuck, Duration wait, CollectiveException cause) {
        try {
            stuck.future().get(wait.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            if (stuck.equals(running) && failure == null) {
                onFailure.accept(cause);
                failure = cause;
                stuck.future().completeExceptionally(cause.again());
                failAll(cause);
            }
        } catch (ExecutionException e) {
            logger.trace("the collective has failed by itself", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void failAll(CollectiveException cause) {
        List<Task> pending = new ArrayList<>();
        queue.drainTo(pending);
        for (Task task : pending) {
            if (task instanceof Submission submission) {
                submission.future().completeExceptionally(cause);
            }
        }
    }

    /**
     * Ends the thread when it has run what was submitted so far. A thread that was left to a
     * library may never end, and is not waited for as long.
     *
     * @return whether nothing that was submitted is unfinished after the given time
     */
    boolean close(Duration wait) {
        queue.add(new End());
        try {
            if (!isEngineThread()) {
                Duration patience =
                        failure == null || wait.compareTo(ABANDONED_WAIT) < 0
                                ? wait
                                : ABANDONED_WAIT;
                thread.join(Math.max(1, patience.toMillis()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return unfinished.get() == 0 || failure != null;
    }
}
