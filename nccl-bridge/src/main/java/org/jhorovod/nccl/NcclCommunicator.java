package org.jhorovod.nccl;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.jhorovod.allreduce.collective.Topology;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This rank's end of an NCCL communicator. Its calls return at once; {@link #state} tells whether
 * they are through.
 *
 * <p>Safe for use by several threads. Ends once, by {@link #finish} or {@link #abort}.
 */
final class NcclCommunicator {
    private static final Logger logger = LoggerFactory.getLogger(NcclCommunicator.class);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final Duration WAIT_FOR_CALL = Duration.ofSeconds(1);

    /** A call of NCCL on the communicator; returns its result. */
    interface Call {
        int run(ncclComm handle);
    }

    private final ReentrantLock calls = new ReentrantLock();
    private final ncclComm handle;
    // Guarded by calls.
    private boolean isEnded;

    private NcclCommunicator(ncclComm handle) {
        this.handle = handle;
    }

    /**
     * Begins to meet the other ranks, on the thread's current device.
     *
     * @throws NcclException if NCCL refuses at once
     */
    static NcclCommunicator begin(UniqueId id, Topology self) {
        ncclComm handle = new ncclComm();
        try (ncclConfig_t config = CommunicatorConfig.nonBlocking(id.version())) {
            NcclException.check(
                    nccl.ncclCommInitRankConfig(
                            handle, self.size(), id.toNative(), self.rank(), config),
                    "ncclCommInitRankConfig");
        }
        return new NcclCommunicator(handle);
    }

    /** Calls NCCL; {@code ncclInvalidUsage} once the communicator has ended. */
    int call(Call call) {
        calls.lock();
        try {
            return isEnded ? nccl.ncclInvalidUsage : call.run(handle);
        } finally {
            calls.unlock();
        }
    }

    /** Success, in progress, or the asynchronous error that NCCL met. */
    int state() {
        int[] state = new int[1];
        int result = call(communicator -> nccl.ncclCommGetAsyncError(communicator, state));
        return result == nccl.ncclSuccess ? state[0] : result;
    }

    /** NCCL's last words on what went wrong in this process; may be empty. */
    String lastError() {
        String[] text = {""};
        int ignored =
                call(
                        communicator -> {
                            var words = nccl.ncclGetLastError(communicator);
                            text[0] = words == null ? "" : words.getString().strip();
                            return nccl.ncclSuccess;
                        });
        return ignored == nccl.ncclSuccess ? text[0] : "";
    }

    /**
     * Ends in good order, once all collectives have run.
     *
     * @return whether that was possible in the given time; if not, {@link #abort} is left
     */
    boolean finish(Duration wait) {
        long end = System.nanoTime() + wait.toNanos();
        int state = call(nccl::ncclCommFinalize);
        while (state == nccl.ncclInProgress && end - System.nanoTime() > 0) {
            LockSupport.parkNanos(POLL_NANOS);
            state = state();
        }
        return state == nccl.ncclSuccess && end(nccl::ncclCommDestroy);
    }

    /** Ends at once, whatever runs; does nothing the second time. */
    void abort() {
        if (!end(nccl::ncclCommAbort)) {
            logger.debug("The communicator had ended before, or NCCL cannot abort it");
        }
    }

    /** The only way to the end: whoever comes first. */
    private boolean end(Call last) {
        boolean isMine = false;
        try {
            // A thread that is stuck in a call is what an abort is for.
            isMine = calls.tryLock(WAIT_FOR_CALL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            if (isEnded) {
                return false;
            }
            isEnded = true;
            int result = last.run(handle);
            return result == nccl.ncclSuccess || result == nccl.ncclInProgress;
        } finally {
            if (isMine) {
                calls.unlock();
            }
        }
    }
}
