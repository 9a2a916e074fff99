package org.jhorovod.allreduce.backend.mpi;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
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

    private static final Duration TURN_AT_EXIT = Duration.ofSeconds(2);
    private static final Duration FINISH_OF_BROKEN = Duration.ofSeconds(3);

    private final MpiBindings bindings;
    private final Object comm;
    private final int rank;
    private final int size;
    private final boolean isOurs;
    private final ReentrantLock turn = new ReentrantLock();
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

    /** Initialises MPI at the first call; all ranks make it, within the start timeout. */
    static MpiProcess join(Configuration configuration) throws MpiException {
        synchronized (LOCK) {
            MpiProcess known = instance;
            if (known == null) {
                Duration timeout = configuration.get(Settings.START_TIMEOUT);
                known =
                        within(timeout, "jhorovod-mpi-init", MpiProcess::init)
                                .orElseThrow(() -> late(timeout));
                instance = known;
                known.finishAtExit(configuration.get(Settings.OPERATION_TIMEOUT));
            }
            return known;
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
        turn.lock();
        try {
            if (isFinished || isBroken) {
                throw new MpiException(
                        isFinished
                                ? "MPI is finalised in this process"
                                : "a collective was given up, after which MPI cannot go on");
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

    private void finishAtExit(Duration timeout) {
        if (isOurs) {
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(() -> finish(timeout), "jhorovod-mpi-finish"));
        }
    }

    /** Leaves MPI, unless a thread is stuck in it; waits for the other ranks to do so too. */
    void finish(Duration timeout) {
        try {
            if (!turn.tryLock(TURN_AT_EXIT.toMillis(), TimeUnit.MILLISECONDS)) {
                logger.debug("A collective of MPI is stuck; this process exits without finalising");
                return;
            }
            try {
                if (!isFinished) {
                    isFinished = true;
                    Duration patience = isBroken ? FINISH_OF_BROKEN : timeout;
                    within(patience, "jhorovod-mpi-finalize", this::finishNow);
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
    private static <T> Optional<T> within(Duration timeout, String name, Callable<T> call)
            throws MpiException {
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
