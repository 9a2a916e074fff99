package org.jhorovod.allreduce.engine;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.Absences;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.spi.Look;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.spi.Phase;
import org.jhorovod.allreduce.timeline.Track;

/** An operation watched by the control plane, with a deadline that moves on with its bytes. */
final class RunningOperation implements Operation {
    // A wakeup can be lost between a look and a wait; then this is how late it is noticed.
    private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    // Longer than ranks are apart that do the same work; see Note [Two ranks on one core].
    private static final long CALLER_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final int CORES = Runtime.getRuntime().availableProcessors(); // a system call
    // Where ranks share a core, the one that looks keeps it from the one that it waits for.
    private static final long SPIN_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
    private static final long ENGINE_LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
    private static final long VERDICT_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long VERDICT_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private static final String ADVICE_FOR_MISSING =
            "Look for a rank that skips a collective, waits for input, or is busy elsewhere (saving"
                    + " a checkpoint, say); raise JHOROVOD_OPERATION_TIMEOUT_SECONDS if it needs"
                    + " longer.";
    private static final String ADVICE_FOR_STOPPED =
            "Look at that process (stopped, held by a debugger, swapped out) and at its host.";
    private static final String ADVICE_FOR_BUSY =
            "A rank on a host that is very busy, or whose process is held, needs a longer"
                    + " JHOROVOD_OPERATION_TIMEOUT_SECONDS.";

    private final Topology self;
    private final int generation;
    private final long sequence;
    private final CollectiveCall call;
    private final ControlPlane control;
    private final Duration timeout;
    private final Track track;
    private final long spinNanos;
    private final long lookNanos;
    private volatile long lastProgressNanos = System.nanoTime();
    private volatile int from = -1; // whose bytes it waits for
    private volatile int to = -1; // who is to take bytes
    private volatile String explanation = ""; // what missing ranks do, once they have been asked

    RunningOperation(
            Topology self,
            int generation,
            long sequence,
            CollectiveCall call,
            ControlPlane control,
            Duration timeout,
            Track track,
            boolean isOnCaller) {
        this.self = self;
        this.generation = generation;
        this.sequence = sequence;
        this.call = call;
        this.control = control;
        this.timeout = timeout;
        this.track = track;
        this.spinNanos = self.localSize() <= CORES ? SPIN_NANOS : 0;
        this.lookNanos = isOnCaller ? CALLER_LOOK_NANOS : ENGINE_LOOK_NANOS;
    }

    @Override
    public long sequence() {
        return sequence;
    }

    @Override
    public int generation() {
        return generation;
    }

    @Override
    public CollectiveCall call() {
        return call;
    }

    @Override
    public long allowedWaitNanos() {
        control.check(sequence);
        long left = leftNanos();
        if (left <= 0) {
            throw timedOut();
        }
        return Math.min(left, LONGEST_WAIT_NANOS);
    }

    @Override
    public long allowedWaitNanos(int waitsFrom, int waitsTo) {
        from = waitsFrom;
        to = waitsTo;
        return allowedWaitNanos();
    }

    private long leftNanos() {
        return lastProgressNanos + timeout.toNanos() - System.nanoTime();
    }

    /** The operation's failure where nothing has moved until its deadline; for any thread. */
    Optional<CollectiveException> overdue() {
        return leftNanos() <= 0 ? Optional.of(timedOut()) : Optional.empty();
    }

    @Override
    public long beginPhase() {
        return track.begin();
    }

    @Override
    public void endPhase(Phase phase, long byteCount, long beganNanos) {
        track.span(phase.name(), call.name(), byteCount, beganNanos);
    }

    @Override
    public Look look() {
        return new Look(spinNanos, lookNanos);
    }

    @Override
    public void progressed() {
        lastProgressNanos = System.nanoTime();
    }

    /** How long nothing has moved; for any thread. */
    long waitedNanos() {
        return System.nanoTime() - lastProgressNanos;
    }

    /** Notes what the missing ranks do, for the failure; for any thread. */
    void explain(String whatTheyDo) {
        explanation = whatTheyDo;
    }

    /** For how long it has waited so far, and for whom. */
    String describeWait(List<Integer> missing) {
        double seconds = waitedNanos() / 1e9;
        return missing.isEmpty()
                ? describe("waits since", seconds, missing)
                : "%s waits since %.1f s in operation %d, %s, for %s."
                        .formatted(
                                self.describe(),
                                seconds,
                                sequence,
                                call.describe(),
                                Absences.ranks(missing));
    }

    private OperationTimeoutException timedOut() {
        List<Integer> behind = control.behind(sequence);
        String text = describe("waited", timeout.toMillis() / 1000.0, behind) + explanation;
        return behind.isEmpty()
                ? new OperationTimeoutException(text)
                : new OperationTimeoutException(text, behind.get(0));
    }

    private String describe(String waits, double seconds, List<Integer> behind) {
        Map<Integer, String> silent = control.silent();
        return "%s %s %.1f s in operation %d, %s; %s. %s%s"
                .formatted(
                        capitalized(self.describe()),
                        waits,
                        seconds,
                        sequence,
                        call.describe(),
                        behind.isEmpty()
                                ? "all ranks have submitted it, but " + silence(silent)
                                : "missing: " + lastOf(behind, silent),
                        silent.isEmpty() ? "The peers are alive. " : "",
                        advice(behind, silent));
    }

    private String lastOf(List<Integer> behind, Map<Integer, String> silent) {
        return behind.stream()
                .map(
                        rank ->
                                "%s, last seen at %s%s"
                                        .formatted(
                                                capitalized(peer(rank)),
                                                control.lastOperation(rank),
                                                silent.containsKey(rank)
                                                        ? ": " + silent.get(rank)
                                                        : ""))
                .collect(Collectors.joining("; "));
    }

    private String advice(List<Integer> behind, Map<Integer, String> silent) {
        if (!silent.isEmpty() && silent.keySet().containsAll(behind)) {
            return ADVICE_FOR_STOPPED;
        }
        return behind.isEmpty() ? adviceForSilence() : ADVICE_FOR_MISSING;
    }

    /** Which rank, or whose link, does not move, as far as this rank knows. */
    private String silence(Map<Integer, String> silent) {
        if (!silent.isEmpty()) {
            return silent.entrySet().stream()
                    .map(each -> "%s: %s".formatted(peer(each.getKey()), each.getValue()))
                    .collect(Collectors.joining("; "));
        }
        if (from < 0 && to < 0) {
            return "it has not ended";
        }
        String read = from < 0 ? "" : "no bytes come from " + peer(from);
        String written = to < 0 ? "" : peer(to) + " takes no bytes";
        String both = read + (from < 0 || to < 0 ? "" : ", and ") + written;
        return both + " (it may be waiting for another rank itself)";
    }

    private String peer(int rank) {
        return "rank %d on %s".formatted(rank, control.host(rank));
    }

    private String adviceForSilence() {
        return from < 0 && to < 0
                ? ADVICE_FOR_BUSY
                : "Look at the network between the hosts: something may swallow what a connection"
                        + " carries, such as a firewall that has forgotten it. "
                        + ADVICE_FOR_BUSY;
    }

    private static String capitalized(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }

    @Override
    public CollectiveException linkEnded(int peer, String how) {
        return verdict().orElseGet(() -> lost(peer, how));
    }

    @Override
    public CollectiveException gaveUp(String why) {
        return verdict().orElseGet(() -> ownFailure(why));
    }

    private Optional<CollectiveException> verdict() {
        long end = System.nanoTime() + VERDICT_WAIT_NANOS;
        while (end - System.nanoTime() > 0) {
            try {
                control.check(sequence);
            } catch (CollectiveException known) {
                return Optional.of(known);
            }
            LockSupport.parkNanos(VERDICT_POLL_NANOS);
        }
        return Optional.empty();
    }

    private PeerLostException ownFailure(String why) {
        return new PeerLostException(
                self.rank(),
                "%s gave up in operation %d, %s: %s. The peers are alive. Look at this rank's output."
                        .formatted(capitalized(self.describe()), sequence, call.describe(), why));
    }

    private PeerLostException lost(int peer, String how) {
        return new PeerLostException(
                peer,
                "Rank %d is lost to %s in operation %d, %s: %s, though its control connection is still open. Check the network between the two hosts."
                        .formatted(peer, self.describe(), sequence, call.describe(), how));
    }
}
