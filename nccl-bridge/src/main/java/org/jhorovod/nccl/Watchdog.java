package org.jhorovod.nccl;

import java.time.Duration;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nccl;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.spi.Peers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [Who finds a collective that never ends]
 * A collective is submitted once its kernel is queued, and the host goes on. If a peer dies or hangs
 * then, the kernel waits for ever, the caller's stream behind it, and at last the host at its next
 * synchronisation. So a thread looks at what has been launched and not ended: at NCCL's asynchronous
 * error, at the job's failure, at the operation's deadline. The first of these fails the job and
 * aborts the communicator, which ends the kernel. Only this thread ends the communicator.
 */
/** Watches the collectives that run on the device, on a thread of its own. */
final class Watchdog {
    private static final Logger logger = LoggerFactory.getLogger(Watchdog.class);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final Duration DRAIN_WAIT = Duration.ofSeconds(2);
    private static final Duration FINISH_WAIT = Duration.ofSeconds(2);

    private record Launched(Operation operation, CudaEvent end) {}

    private final NcclCommunicator communicator;
    private final int device;
    private final Peers peers;
    private final Reports reports;
    private final Thread thread;
    private final Queue<Launched> launched = new ConcurrentLinkedQueue<>();
    private final Queue<CudaEvent> passed = new ConcurrentLinkedQueue<>();
    private volatile @Nullable CollectiveException failure; // null until it has failed
    private volatile boolean isGivenUp;
    private volatile boolean isClosing;
    // Owned by the watchdog's thread; null until a collective has run.
    private @Nullable Operation lastRun;

    Watchdog(NcclCommunicator communicator, int device, Peers peers) {
        this.communicator = communicator;
        this.device = device;
        this.peers = peers;
        this.reports = new Reports(peers);
        this.thread = new Thread(this::run, "jhorovod-nccl-watchdog");
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** An event for the end of a collective, used before if possible. */
    CudaEvent takeEvent() {
        CudaEvent used = passed.poll();
        return used == null ? CudaEvent.create() : used;
    }

    /** Takes over a collective that has been launched; the operation is the watchdog's now. */
    void watch(Operation operation, CudaEvent end) {
        launched.add(new Launched(operation, end));
        LockSupport.unpark(thread);
    }

    /** Looks now, because the job may have failed. */
    void wakeup() {
        LockSupport.unpark(thread);
    }

    /**
     * How many collectives have not run yet, or not well. Lets the watchdog look now, so that who
     * asks again learns soon.
     */
    int unfinished() {
        int count = launched.size();
        if (count > 0) {
            LockSupport.unpark(thread);
        }
        return count;
    }

    /** Throws what it has failed with. */
    void requireRunning() {
        CollectiveException known = failure;
        if (known != null) {
            throw known.again();
        }
    }

    /** Aborts for a failure that the caller reports itself. Does not block. */
    void giveUp() {
        isGivenUp = true;
        LockSupport.unpark(thread);
    }

    /**
     * Ends the communicator, in good order if it can; bounded in time.
     *
     * @return whether it has ended
     */
    boolean close(Duration wait) {
        isClosing = true;
        LockSupport.unpark(thread);
        try {
            thread.join(Math.max(1, wait.toMillis()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            logger.warn("NCCL does not end the communicator of {}.", reports.self());
            return false;
        }
        launched.forEach(left -> Closing.quietly(left.end()::close));
        passed.forEach(event -> Closing.quietly(event::close));
        launched.clear();
        passed.clear();
        return true;
    }

    private void run() {
        try {
            CudaException.check(cudart.cudaSetDevice(device), "cudaSetDevice");
            while (!isClosing && !isGivenUp && failure == null) {
                inspect();
                LockSupport.parkNanos(launched.isEmpty() ? IDLE_NANOS : POLL_NANOS);
            }
            end();
        } catch (RuntimeException e) {
            logger.error("bug: the watchdog of {} ended", reports.self(), e);
            fail(reports.ownFault(e));
            communicator.abort();
        }
    }

    private void inspect() {
        Launched oldest = launched.peek();
        try {
            while (oldest != null && oldest.end().hasPassed()) {
                // Asked after the event: what makes a kernel end half done is known by then.
                if (!isSound(oldest.operation())) {
                    return;
                }
                launched.remove();
                passed.add(oldest.end());
                lastRun = oldest.operation();
                oldest = launched.peek();
                if (oldest != null) {
                    // Its deadline begins when it can begin.
                    oldest.operation().progressed();
                }
            }
        } catch (CudaException e) {
            fail(reports.gaveUp(Objects.requireNonNull(oldest).operation(), e));
            return;
        }
        if (oldest != null && isSound(oldest.operation())) {
            requireTimeLeft(oldest.operation());
        }
    }

    /** Whether NCCL has met no error; fails if it has. */
    private boolean isSound(Operation operation) {
        int state = communicator.state();
        if (state == nccl.ncclSuccess || state == nccl.ncclInProgress) {
            return true;
        }
        fail(reports.asynchronous(operation, state, communicator.lastError()));
        return false;
    }

    private void requireTimeLeft(Operation operation) {
        try {
            long allowed = operation.allowedWaitNanos();
            logger.trace("{} may run {} ns more", operation.call(), allowed);
        } catch (CollectiveException e) {
            fail(e);
        }
    }

    private void fail(CollectiveException cause) {
        failure = cause;
        peers.fail(cause);
    }

    private void end() {
        boolean isSound = failure == null && !isGivenUp && drain() && !hasJobFailed();
        if (isSound && communicator.finish(FINISH_WAIT)) {
            return;
        }
        logger.debug("{} aborts its communicator", reports.self());
        communicator.abort();
    }

    /** Whether the job has failed beside the device: a lost peer cannot end in good order. */
    private boolean hasJobFailed() {
        Operation last = lastRun;
        if (last == null) {
            return false;
        }
        try {
            // Its own deadline is past; only the job is asked for.
            last.progressed();
            logger.trace("The job is sound, and may be for {} ns", last.allowedWaitNanos());
            return false;
        } catch (CollectiveException e) {
            logger.debug("{} closes after a failure", reports.self(), e);
            return true;
        }
    }

    /** Waits for what still runs; whether it has ended. */
    private boolean drain() {
        long end = System.nanoTime() + DRAIN_WAIT.toNanos();
        while (!launched.isEmpty() && failure == null && end - System.nanoTime() > 0) {
            inspect();
            LockSupport.parkNanos(POLL_NANOS);
        }
        return launched.isEmpty();
    }
}
