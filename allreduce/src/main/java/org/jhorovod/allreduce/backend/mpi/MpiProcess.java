package org.jhorovod.allreduce.backend.mpi;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [MPI's life in a process]
 * MPI can be initialised once in a process, and a process that initialised it must finalise it before
 * it exits, or mpirun takes its exit for a crash and ends the others. Both calls wait for all other
 * ranks, without a deadline of their own; so they run on a thread that is left behind when ours has
 * passed. A process that is stuck in a collective, because a peer died in it, exits without finalising:
 * mpirun then ends what is left of the job, as it should.
 */
/** MPI as this process has it; whoever calls MPI holds its turn. */
final class MpiProcess {
    private static final Logger logger = LoggerFactory.getLogger(MpiProcess.class);
    // There is one MPI in a process, however often JHorovod is initialised.
    private static final Object LOCK = new Object();
    private static @Nullable MpiProcess instance; // guarded by LOCK
    // Guarded by LOCK: one that came too late for its caller goes on, and MPI bears no second.
    private static @Nullable CompletableFuture<MpiProcess> initialising;

    private static final String GIVEN_UP =
            "a collective was given up in this process, after which MPI cannot go on in it: start"
                    + " the job again";
    // The callers of one communicator take turns by themselves; only a stuck one keeps its turn.
    private static final Duration TURN = Duration.ofSeconds(2);
    private static final Duration FINISH_OF_BROKEN = Duration.ofSeconds(3);

    private final MpiBindings bindings;
    private final Object comm;
    private final int rank;
    private final int size;
    private final boolean isOurs;
    private final ReentrantLock turn = new ReentrantLock();
    // What MPI may still write to after its request was given up lives as long as the process.
    private final Queue<Object> abandoned = new ConcurrentLinkedQueue<>();
    // Guarded by turn.
    private boolean isBroken;
    private boolean isFinished;

    private MpiProcess(MpiBindings bindings, boolean isOurs) throws MpiException {
        this.bindings = bindings;
        this.comm = bindings.duplicateWorld();
        this.rank = bindings.rank(comm);
        this.size = bindings.size(comm);
        this.isOurs = isOurs;
    }

    /**
     * Initialises MPI at the first call; all ranks make it, within the start timeout.
     *
     * @throws MpiException also where MPI cannot go on in this process
     */
    static MpiProcess join(Configuration configuration) throws MpiException {
        synchronized (LOCK) {
            MpiProcess known = instance;
            if (known == null) {
                known = initialise(configuration.get(Settings.START_TIMEOUT));
                instance = known;
                known.finishAtExit(configuration.get(Settings.OPERATION_TIMEOUT));
            }
            known.inTurn(() -> true);
            return known;
        }
    }

    private static MpiProcess initialise(Duration timeout) throws MpiException {
        synchronized (LOCK) {
            CompletableFuture<MpiProcess> attempt = initialising;
            if (attempt == null) {
                attempt = start("jhorovod-mpi-init", MpiProcess::init);
                initialising = attempt;
            }
            try {
                return within(timeout, attempt).orElseThrow(() -> late(timeout));
            } finally {
                if (attempt.isDone()) {
                    initialising = null;
                }
            }
        }
    }

    private static MpiException late(Duration timeout) {
        return new MpiException(
                "MPI_Init did not return within %d s: not all ranks have called it. Check that all run the same program, with the same JHOROVOD_BACKEND; raise JHOROVOD_START_TIMEOUT_SECONDS if starting takes longer"
                        .formatted(timeout.toSeconds()));
    }

    private static MpiProcess init() throws MpiException {
        MpiBindings bindings = MpiBindings.load();
        if (bindings.isFinalized()) {
            throw new MpiException("the program has finalised MPI already");
        }
        boolean isOurs = !bindings.isInitialized();
        boolean allowsAllThreads = isOurs ? bindings.init() : bindings.allowsAllThreads();
        if (!allowsAllThreads) {
            throw new MpiException(
                    isOurs
                            ? "this MPI was built without THREAD_MULTIPLE"
                            : "the program has initialised MPI without THREAD_MULTIPLE; call"
                                    + " MPI.InitThread with it, or leave it to JHorovod");
        }
        return new MpiProcess(bindings, isOurs);
    }

    MpiBindings bindings() {
        return bindings;
    }

    /** A communicator of all ranks, that nobody else uses. */
    Object comm() {
        return comm;
    }

    int rank() {
        return rank;
    }

    int size() {
        return size;
    }

    /** Runs something that calls MPI, when nobody else in this process does. */
    <T> T inTurn(Callable<T> calls) throws MpiException {
        lockTurn();
        try {
            if (isFinished || isBroken) {
                throw new MpiException(isFinished ? "MPI is finalised in this process" : GIVEN_UP);
            }
            isBroken = true; // until all went well
            T result = calls.call();
            isBroken = false;
            return result;
        } catch (RuntimeException | MpiException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("bug: calls of MPI failed in another way", e);
        } finally {
            turn.unlock();
        }
    }

    private void lockTurn() throws MpiException {
        try {
            if (!turn.tryLock(TURN.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new MpiException(GIVEN_UP);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MpiException("the thread was interrupted before it called MPI", e);
        }
    }

    /**
     * Waits for a request, in turn.
     *
     * @param allowedWaitNanos how long to wait before it is asked again; throws to end the wait
     * @param buffers all that MPI reads and writes until the request is done
     */
    void await(Object request, LongSupplier allowedWaitNanos, ByteBuffer... buffers)
            throws MpiException {
        boolean isDone = false;
        try {
            Polling.await(bindings, request, allowedWaitNanos);
            isDone = true;
        } finally {
            if (!isDone) {
                abandoned.add(request);
                Collections.addAll(abandoned, buffers);
            }
        }
    }

    private void finishAtExit(Duration timeout) {
        if (isOurs) {
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(() -> finish(timeout), "jhorovod-mpi-finish"));
        }
    }

    /** Leaves MPI, unless a thread is stuck in it; waits for the other ranks to do so too. */
    void finish(Duration timeout) {
        try {
            if (!turn.tryLock(TURN.toMillis(), TimeUnit.MILLISECONDS)) {
                logger.debug("A collective of MPI is stuck; this process exits without finalising");
                return;
            }
            try {
                if (!isFinished) {
                    isFinished = true;
                    Duration patience = isBroken ? FINISH_OF_BROKEN : timeout;
                    within(patience, start("jhorovod-mpi-finalize", this::finishNow));
                }
            } finally {
                turn.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (MpiException e) {
            logger.debug("MPI could not be finalised", e);
        }
    }

    private boolean finishNow() throws MpiException {
        bindings.finish();
        return true;
    }

    /** Runs a call on a thread of its own, which is left alone when time is over. */
    private static <T> CompletableFuture<T> start(String name, Callable<T> call) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                result.complete(call.call());
                            } catch (Exception | LinkageError e) {
                                result.completeExceptionally(e);
                            }
                        },
                        name);
        thread.setDaemon(true);
        thread.start();
        return result;
    }

    private static <T> Optional<T> within(Duration timeout, CompletableFuture<T> result)
            throws MpiException {
        try {
            return Optional.of(result.get(timeout.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new MpiException(String.valueOf(cause.getMessage()), cause);
        }
    }
}
