package org.jhorovod.nccl;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.javacpp.Pointer;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.spi.Peers;
import org.jspecify.annotations.Nullable;

/**
 * A communicator of all ranks on one device, and the stream on which its collectives run. Used by
 * the engine's thread; {@link #wakeup} by any.
 */
final class NcclSession implements AutoCloseable {
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(6);
    private static final int SPINS = 100;
    private static final long LAUNCH_POLL_NANOS = 50_000;

    // NCCL reads whole words where there is but a byte.
    private static final int WORD_BYTES = 8;

    /** What a session has of the device. */
    private record Resources(CudaStream stream, CudaEvent ready, DeviceBuffer oneByte) {

        static Resources take(int device) {
            DeviceBuffer oneByte = DeviceBuffer.allocate(device, WORD_BYTES);
            try {
                CudaStream stream = CudaStream.create();
                try {
                    return new Resources(stream, CudaEvent.create(), oneByte);
                } catch (CudaException e) {
                    stream.close();
                    throw e;
                }
            } catch (CudaException e) {
                oneByte.close();
                throw e;
            }
        }

        /** Gives all back; what cannot be is logged, as it follows from something worse. */
        void close() {
            Closing.quietly(ready::close, stream::close, oneByte::close);
        }
    }

    /** A collective of NCCL on a stream; returns its result. */
    interface Collective {
        int launch(ncclComm communicator, @Nullable CUstream_st stream);
    }

    private final int device;
    private final Reports reports;
    private final StreamOrder order;
    private final NcclCommunicator communicator;
    private final Watchdog watchdog;
    private final Resources resources;
    private final CudaStream stream;
    private final CudaEvent ready;
    private final DeviceBuffer oneByte;

    private NcclSession(
            int device,
            StreamOrder order,
            Resources resources,
            NcclCommunicator communicator,
            Peers peers) {
        this.device = device;
        this.reports = new Reports(peers);
        this.order = order;
        this.resources = resources;
        this.communicator = communicator;
        this.watchdog = new Watchdog(communicator, device, peers);
        this.stream = resources.stream();
        this.ready = resources.ready();
        this.oneByte = resources.oneByte();
    }

    /**
     * Begins to meet the other ranks, on the thread's current device. What the device has to give
     * is taken first, so that a device without memory leaves nothing half met.
     *
     * @throws RuntimeException what CUDA, NCCL or the rendezvous say; nothing is left then
     */
    static NcclSession begin(int device, Peers peers, StreamOrder order, NcclMeeting meeting) {
        Resources resources = Resources.take(device);
        try {
            NcclSession session = new NcclSession(device, order, resources, meeting.begin(), peers);
            session.watchdog.start();
            return session;
        } catch (RuntimeException e) {
            resources.close();
            throw e;
        }
    }

    /** Waits until the ranks have met, and makes a first sum. */
    void connect(Operation operation, int size, NcclMeeting meeting) {
        guarded(
                operation,
                () -> {
                    meeting.awaitConnected(communicator);
                    sumOnes(operation, size, meeting);
                });
    }

    /** The number of the device. */
    int device() {
        return device;
    }

    /**
     * The first collective connects what NCCL connects only when it is needed, and shows at once
     * whether sums come out right.
     */
    private void sumOnes(Operation operation, int size, NcclMeeting meeting) {
        Pointer one = new DevicePointer(oneByte.address());
        CudaException.check(cudart.cudaMemsetAsync(one, 1, 1, stream.handle()), "cudaMemsetAsync");
        launch(
                operation,
                (c, s) -> nccl.ncclAllReduce(one, one, 1, nccl.ncclUint8, nccl.ncclSum, c, s));
        ready.record(stream);
        meeting.await(ready::hasPassed, "NCCL's first sum over all ranks");
        ByteBuffer sum = ByteBuffer.allocateDirect(1);
        CudaException.check(
                cudart.cudaMemcpyAsync(
                        new Pointer(sum), one, 1, cudart.cudaMemcpyDeviceToHost, stream.handle()),
                "cudaMemcpyAsync");
        ready.record(stream);
        meeting.await(ready::hasPassed, "the copy of NCCL's first sum");
        if (sum.get(0) != (byte) size) {
            throw reports.gaveUp(
                    operation,
                    "NCCL's first sum of ones over %d ranks is %d"
                            .formatted(size, Byte.toUnsignedInt(sum.get(0))));
        }
    }

    /**
     * Runs a collective between the work that the caller's stream has and the work that it gets.
     *
     * @param compute the handle of the caller's stream
     */
    void run(Operation operation, long compute, Collective collective) {
        watchdog.requireRunning();
        guarded(
                operation,
                () -> {
                    CudaStream callers = CudaStream.of(compute);
                    order.computeBeforeCollective(callers, ready, stream);
                    launch(operation, collective);
                    CudaEvent end = watchdog.takeEvent();
                    order.collectiveBeforeCompute(stream, end, callers);
                    watchdog.watch(operation, end);
                });
    }

    /** Does something; if it fails, the communicator goes. */
    private void guarded(Operation operation, Runnable work) {
        try {
            work.run();
        } catch (CollectiveException e) {
            watchdog.giveUp();
            throw e;
        } catch (CudaException | NcclException e) {
            watchdog.giveUp();
            throw reports.gaveUp(operation, e);
        }
    }

    /** Puts a collective on our stream; NCCL may do so a little later, which is waited for. */
    private void launch(Operation operation, Collective collective) {
        int state = communicator.call(c -> collective.launch(c, stream.handle()));
        for (int i = 0; state == nccl.ncclInProgress; i++) {
            long allowed = operation.allowedWaitNanos();
            if (i < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(Math.min(allowed, LAUNCH_POLL_NANOS));
            }
            state = communicator.state();
        }
        if (state != nccl.ncclSuccess) {
            watchdog.requireRunning();
            throw reports.asynchronous(operation, state, communicator.lastError());
        }
    }

    /** Looks whether the job has failed. */
    void wakeup() {
        watchdog.wakeup();
    }

    /** How many collectives have not run yet, or not well; looks now. */
    int unfinished() {
        return watchdog.unfinished();
    }

    @Override
    public void close() {
        // While a kernel is stuck CUDA would wait for it here, without end.
        if (watchdog.close(CLOSE_WAIT)) {
            resources.close();
        }
    }
}
