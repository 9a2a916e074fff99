package org.jhorovod.nccl;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.bytedeco.cuda.global.nccl;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.spi.Peers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns what CUDA and NCCL say into what users read. */
final class Reports {
    private static final Logger logger = LoggerFactory.getLogger(Reports.class);

    // A peer's death shows in NCCL and in the control plane, in either order.
    private static final long VERDICT_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long VERDICT_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final Topology self;
    private final long livenessNanos;

    Reports(Peers peers) {
        this.self = peers.self();
        this.livenessNanos = peers.configuration().get(Settings.LIVENESS_TIMEOUT).toNanos();
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
     * The reason for an error that NCCL met beside any call: the control plane's, if it has one. An
     * error on the way to another rank is waited for as long as that rank's silence may take.
     *
     * @param result NCCL's number for it
     */
    CollectiveException asynchronous(Operation operation, int result, String words) {
        boolean mayBePeer = result == nccl.ncclRemoteError || result == nccl.ncclSystemError;
        long wait = VERDICT_WAIT_NANOS + (mayBePeer ? livenessNanos : 0);
        long end = System.nanoTime() + wait;
        try {
            while (end - System.nanoTime() > 0) {
                long allowed = operation.allowedWaitNanos();
                LockSupport.parkNanos(Math.min(allowed, VERDICT_POLL_NANOS));
            }
        } catch (OperationTimeoutException e) {
            // No verdict, but the end of this wait.
            logger.debug("No peer was found lost until the operation's deadline", e);
        } catch (CollectiveException known) {
            return known;
        }
        return gaveUp(
                operation,
                "NCCL reports '%s%s', though all ranks answer on their control connections"
                        .formatted(
                                NcclException.describe(result),
                                words.isEmpty() ? "" : ": " + words));
    }

    /** This rank cannot meet the others; the sentence says why. */
    PeerLostException cannotMeet(String sentence) {
        return new PeerLostException(self.rank(), sentence);
    }
}
