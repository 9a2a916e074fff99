package org.jhorovod.nccl;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.Operation;

/** Turns what CUDA and NCCL say into what users read. */
final class Reports {
    // A peer's death shows in NCCL and in the control plane, in either order.
    private static final long VERDICT_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long VERDICT_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final Topology self;

    Reports(Topology self) {
        this.self = self;
    }

    /** This rank, at the beginning of a sentence. */
    String self() {
        return "Rank %d on %s".formatted(self.rank(), self.host());
    }

    /** This rank gives up, because CUDA or NCCL failed in a call. */
    PeerLostException gaveUp(Operation operation, String why) {
        return new PeerLostException(
                self.rank(),
                "%s gave up in operation %d, %s: %s. Look at its output and at its GPU (nvidia-smi, dmesg); NCCL_DEBUG=INFO makes NCCL say more."
                        .formatted(self(), operation.sequence(), operation.call().describe(), why));
    }

    /** This rank gives up because of a bug. */
    PeerLostException ownFault(RuntimeException bug) {
        return new PeerLostException(
                self.rank(),
                "%s gave up because of a fault of its own: %s. Its log has the stack trace; please report it."
                        .formatted(self(), bug));
    }

    /** This rank gives up for the reason that the bindings' exception tells. */
    PeerLostException gaveUp(Operation operation, RuntimeException why) {
        return gaveUp(operation, String.valueOf(why.getMessage()));
    }

    /**
     * The reason for an error that NCCL met beside any call: the control plane's, if it has one.
     */
    CollectiveException asynchronous(Operation operation, String error) {
        long end = System.nanoTime() + VERDICT_WAIT_NANOS;
        try {
            while (end - System.nanoTime() > 0) {
                long allowed = operation.allowedWaitNanos();
                LockSupport.parkNanos(Math.min(allowed, VERDICT_POLL_NANOS));
            }
        } catch (CollectiveException known) {
            return known;
        }
        return gaveUp(
                operation,
                "NCCL reports '%s', though all ranks answer on their control connections"
                        .formatted(error));
    }
}
