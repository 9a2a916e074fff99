package org.jhorovod.allreduce.engine;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.ControlPlane;

/** What a device has yet to run of a job's collectives. Safe for use by several threads. */
final class DeviceQueue {
    private static final long POLL_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

    private final Topology self;
    private final Backends backends;
    private final ControlPlane control;
    private final Duration operationTimeout;
    private final Duration grace;

    /**
     * The queue of a job's device.
     *
     * @param grace how much longer than the operation timeout a device may stand still: the backend
     *     knows each collective's deadline, and this is for one whose watch is stuck
     */
    DeviceQueue(
            Topology self,
            Backends backends,
            ControlPlane control,
            Duration operationTimeout,
            Duration grace) {
        this.self = self;
        this.backends = backends;
        this.control = control;
        this.operationTimeout = operationTimeout;
        this.grace = grace;
    }

    /**
     * Waits until the device has run everything; no longer than the job is sound.
     *
     * @return the failure of a device that stands still
     * @throws CollectiveException if the job fails meanwhile
     * @throws CancellationException if the thread is interrupted
     */
    Optional<OperationTimeoutException> awaitEmpty() {
        long longestNanos = operationTimeout.plus(grace).toNanos();
        DeviceProgress progress = new DeviceProgress(backends.unfinished(), System.nanoTime());
        while (!progress.isDone()) {
            Optional<CollectiveException> failure = control.failure();
            if (failure.isPresent()) {
                throw failure.get().again();
            }
            if (progress.isStuck(System.nanoTime(), longestNanos)) {
                return Optional.of(stuck(progress.unfinished()));
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new CancellationException(
                        "The thread was interrupted while it waited for the device, which goes on"
                                + " without it.");
            }
            LockSupport.parkNanos(POLL_NANOS);
            progress = progress.after(backends.unfinished(), System.nanoTime());
        }
        return Optional.empty();
    }

    private OperationTimeoutException stuck(int unfinished) {
        return new OperationTimeoutException(
                "%s waited longer than %.1f s for its device, which has %d collectives left to run. Look at its GPU (nvidia-smi, dmesg); raise JHOROVOD_OPERATION_TIMEOUT_SECONDS if it needs longer."
                        .formatted(
                                self.describe(), operationTimeout.toMillis() / 1000.0, unfinished));
    }
}
