package org.jhorovod.nccl;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.cuda.global.nccl;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.spi.Peers;

/**
 * How the ranks' communicators come together, at the first collective: rank 0 tells a unique id
 * through the rendezvous, all give it to NCCL and look until it is through. Every wait ends by the
 * start timeout, or when the job fails.
 */
final class NcclMeeting {
    private static final String ID = "nccl-id";
    // NCCL's last words where it refuses that ranks of a host share a GPU.
    private static final Pattern SHARED_GPU =
            Pattern.compile("Duplicate GPU detected : rank \\d+ and rank (\\d+)");
    private static final long ID_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long STATE_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Peers peers;
    private final NcclVersion version;
    private final Reports reports;
    private final Operation operation;
    private final Duration timeout;
    private final long endNanos;

    NcclMeeting(Peers peers, NcclVersion version, Operation operation) {
        this.peers = peers;
        this.version = version;
        this.reports = new Reports(peers);
        this.operation = operation;
        this.timeout = peers.configuration().get(Settings.START_TIMEOUT);
        this.endNanos = System.nanoTime() + timeout.toNanos();
    }

    /** Agrees on the id, and begins to meet. */
    NcclCommunicator begin() {
        UniqueId id = agreeOnId();
        if (!id.version().equals(version)) {
            throw reports.cannotMeet(
                    "%s has NCCL %s, but rank 0 has %s. All ranks need the same version: give them the same DJL and PyTorch, or set JHOROVOD_NCCL_LIBRARIES."
                            .formatted(reports.self(), version, id.version()));
        }
        try {
            return NcclCommunicator.begin(id, peers.self());
        } catch (NcclException e) {
            throw reports.gaveUp(operation, e);
        }
    }

    private UniqueId agreeOnId() {
        if (peers.self().rank() == 0) {
            UniqueId id = UniqueId.create(version);
            peers.publish(ID, id.encode());
            return id;
        }
        Optional<String> line = peers.published(0, ID);
        while (line.isEmpty()) {
            pause(ID_POLL_NANOS, "rank 0 to publish NCCL's unique id");
            line = peers.published(0, ID);
        }
        String published = line.get();
        return UniqueId.decode(published)
                .orElseThrow(
                        () ->
                                reports.cannotMeet(
                                        "%s found a malformed id of NCCL, published by rank 0."
                                                .formatted(reports.self())));
    }

    /** Looks until NCCL has connected the ranks. */
    void awaitConnected(NcclCommunicator communicator) {
        int state = communicator.state();
        while (state == nccl.ncclInProgress) {
            pause(STATE_POLL_NANOS, "NCCL to connect all ranks");
            state = communicator.state();
        }
        if (state != nccl.ncclSuccess) {
            throw refused(state, communicator.lastError());
        }
    }

    private CollectiveException refused(int state, String words) {
        Matcher shared = SHARED_GPU.matcher(words);
        if (!shared.find()) {
            return reports.asynchronous(operation, state, words + " (when the ranks met)");
        }
        return reports.cannotMeet(
                "%s has the same GPU as rank %s, and NCCL refuses that ranks of a host share one ('%s'). Start no more ranks on a host than it has GPUs (-np of jhorovodrun, or the slots of -H), and see that CUDA_VISIBLE_DEVICES, if you set it for a rank, names a GPU of its own. To share GPUs, set JHOROVOD_BACKEND=host: gradients are then reduced on the host."
                        .formatted(reports.self(), shared.group(1), words));
    }

    /** Looks until a condition holds. */
    void await(BooleanSupplier condition, String what) {
        while (!condition.getAsBoolean()) {
            pause(STATE_POLL_NANOS, what);
        }
    }

    private void pause(long nanos, String what) {
        long allowed = operation.allowedWaitNanos();
        if (endNanos - System.nanoTime() <= 0) {
            throw reports.cannotMeet(
                    "%s waited %.1f s for %s, at the first collective on a device, %s. The ranks answer on their control connections; look at NCCL's own (NCCL_DEBUG=INFO tells its network, NCCL_SOCKET_IFNAME chooses it), and whether each rank has a GPU of its own (JHOROVOD_BACKEND=host does without). Raise JHOROVOD_START_TIMEOUT_SECONDS (jhorovodrun --start-timeout) if it needs longer."
                            .formatted(
                                    reports.self(),
                                    timeout.toMillis() / 1000.0,
                                    what,
                                    operation.call().describe()));
        }
        LockSupport.parkNanos(Math.min(allowed, nanos));
    }
}
