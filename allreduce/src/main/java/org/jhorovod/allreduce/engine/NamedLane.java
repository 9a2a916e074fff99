package org.jhorovod.allreduce.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.CommunicatorClosedException;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.Channel;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.negotiation.BatchTuning;
import org.jhorovod.allreduce.negotiation.Batching;
import org.jhorovod.allreduce.negotiation.Coordination;
import org.jhorovod.allreduce.negotiation.Request;
import org.jhorovod.allreduce.negotiation.StallReport;
import org.jhorovod.allreduce.negotiation.Step;
import org.jhorovod.allreduce.timeline.Track;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [The named lane]
 *
 *   a caller's thread   announces the name, and has a future                     Coordination
 *   control threads     agree what all ranks run next                            Negotiator
 *   the lane's thread   runs it, step by step, on connections of the lane's own  here
 *
 * So nothing here waits for the collectives that all ranks call in one order, nor these for it. The lane's
 * connections are made when the first step has come, which it has on all ranks: who submits nothing by name
 * has no lane.
 */
/**
 * Runs collectives that ranks submit by name, in any order and from any thread.
 *
 * <p>Safe for use by several threads.
 */
final class NamedLane implements Coordination.Listener {
    private static final String WRONG_CALL = "call"; // of which the kind does not matter
    private static final Logger logger = LoggerFactory.getLogger(NamedLane.class);

    private final Topology self;
    private final ControlPlane control;
    private final Coordination coordination;
    private final Supplier<EngineCommunicator> forming;
    private final Consumer<CollectiveException> onFailure;
    private final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
    private final PendingNames pending;
    private final Map<String, Long> submitted = new ConcurrentHashMap<>(); // while recorded
    private final Track track;
    private final AtomicReference<@Nullable CompletableFuture<Integer>> joining =
            new AtomicReference<>();
    private final Fusion fusion;
    private final AtomicBoolean isStarted = new AtomicBoolean();
    private final Thread thread;
    private int stalled; // names here; guarded by this
    private volatile @Nullable CollectiveException end; // why nothing more can be submitted
    private volatile @Nullable EngineCommunicator lane; // null until the first step

    /**
     * Of one communicator.
     *
     * @param batching how what is submitted is put together
     * @param tuning finds a better way on rank 0, if that is wanted
     * @param forming meets the other ranks on connections of the lane's own
     * @param onFailure told that the communicator has failed, to report whom it misses
     * @param track where what is done beside its collectives is recorded
     */
    NamedLane(
            Topology self,
            ControlPlane control,
            Batching batching,
            Optional<BatchTuning> tuning,
            StallReport.Times stalls,
            Supplier<EngineCommunicator> forming,
            Consumer<CollectiveException> onFailure,
            Track track) {
        this.self = self;
        this.track = track;
        this.fusion = new Fusion(track);
        this.pending = new PendingNames(track);
        this.control = control;
        this.coordination = new Coordination(self, control, batching, tuning, stalls, this);
        this.forming = forming;
        this.onFailure = onFailure;
        this.thread = new Thread(this::run, "jhorovod-lane-" + self.rank());
        this.thread.setDaemon(true);
        control.open(Channel.NEGOTIATION, coordination);
    }

    @Override
    public void step(Step step) {
        if (step instanceof Step.Run run) {
            run.entries().forEach(entry -> agreed(entry.request()));
        }
        enqueue(() -> follow(step));
    }

    @Override
    public boolean isRunning() {
        EngineCommunicator known = lane;
        return known != null && known.isBusy();
    }

    /** Once it has ended, nothing waits. */
    @Override
    public synchronized void stalled(int names) {
        int now = end == null ? names : 0;
        if (now != stalled) {
            track.stalled(now - stalled);
            stalled = now;
        }
    }

    /** On a thread of its own: a report of a lost rank may block. */
    @Override
    public void failed(CollectiveException cause) {
        Thread ending = new Thread(() -> endAfterReport(cause), "jhorovod-lane-end");
        ending.setDaemon(true);
        ending.start();
    }

    private void endAfterReport(CollectiveException cause) {
        try {
            onFailure.accept(cause); // before any future fails, with which the process may end
        } finally {
            end(cause);
        }
        EngineCommunicator running = lane;
        if (running != null) {
            running.fail(cause.again());
        }
        thread.interrupt(); // it may wait for ranks that do not come any more
    }

    private void agreed(Request request) {
        Long submittedNanos = submitted.remove(request.name());
        if (submittedNanos != null) {
            track.overlapping("NEGOTIATE", request.name(), request.byteCount(), submittedNanos);
        }
    }

    private void enqueue(Runnable work) {
        queue.add(work);
        if (isStarted.compareAndSet(false, true)) {
            thread.start();
        }
    }

    /** Whether the caller is the lane itself, as in a future's handler. */
    boolean isLaneThread() {
        return Thread.currentThread() == thread;
    }

    /**
     * Submits a name. Does not block.
     *
     * @return the future of what is submitted
     * @throws MismatchException if the name is under way already, or this rank has joined
     */
    <T> CompletableFuture<T> submit(Request request, Named<T> named) {
        submit(Map.of(request, named));
        return named.future();
    }

    /** Submits all of these or, where one cannot be, none; otherwise the same. */
    void submit(Map<Request, ? extends Named<?>> all) {
        List<String> taken = new ArrayList<>();
        try {
            all.forEach(
                    (request, named) -> {
                        take(request.call(), named);
                        taken.add(request.name());
                        control.calls().byName(request.call());
                    });
        } catch (CollectiveException e) {
            taken.forEach(submitted::remove);
            taken.removeIf(pending::remove); // what stays has failed by itself, and was counted
            all.keySet().stream()
                    .filter(request -> !taken.contains(request.name()))
                    .forEach(request -> track.failed(request.call().kind().name(), 1));
            throw e;
        }
        coordination.announce(all.keySet());
        failIfOver();
    }

    /** Tells the other ranks of a call that failed here, as long as they wait for this rank. */
    void refuse(List<String> names, String group, @Nullable String reason) {
        track.failed(WRONG_CALL, names.size());
        if (end == null && joining.get() == null) {
            coordination.refuse(names, group, String.valueOf(reason));
        }
    }

    private void take(CollectiveCall call, Named<?> named) {
        requireOpen(call);
        if (joining.get() != null) {
            throw new MismatchException(
                    "%s submitted the %s after it had joined. Join when there is nothing more to submit."
                            .formatted(self.describe(), call.describe()));
        }
        if (!pending.add(call, named)) {
            throw new MismatchException(
                    "%s submitted the %s while another tensor of that name is under way. Wait for its future first, or give this one another name."
                            .formatted(self.describe(), call.describe()));
        }
        if (track.isOn()) {
            submitted.put(call.name(), track.begin());
        }
    }

    /** Takes part with nothing until all ranks have joined; the future has the last one. */
    CompletableFuture<Integer> join() {
        control.calls().note();
        CompletableFuture<Integer> future = new CompletableFuture<>();
        if (!joining.compareAndSet(null, future)) {
            throw new MismatchException(
                    self.describe() + " has joined already. Wait until all ranks have.");
        }
        coordination.join();
        failIfOver();
        return future;
    }

    /** Has what was submitted wait for nothing more: somebody waits for it. */
    void hurry() {
        coordination.hurry();
    }

    private void requireOpen(CollectiveCall call) {
        CollectiveException over = end;
        if (over instanceof CommunicatorClosedException) {
            throw new CommunicatorClosedException(
                    "The %s was called after the communicator had been shut down. Call JHorovod.init() again first."
                            .formatted(call.describe()));
        }
        if (over != null) {
            throw over.again();
        }
    }

    /** What was submitted while the lane came to its end is not left behind. */
    private void failIfOver() {
        CollectiveException over = end;
        if (over != null) {
            failAll(over);
        }
    }

    private void run() {
        while (end == null) {
            try {
                queue.take().run();
            } catch (InterruptedException e) {
                end(Engine.closed());
            } catch (CollectiveException e) {
                giveUp(e);
            } catch (Throwable e) {
                logger.error("bug: the lane met an unexpected failure", e);
                giveUp(OwnFault.explain(self, e));
            }
        }
    }

    /** Fails the communicator: the other ranks wait for this one's part. */
    private void giveUp(CollectiveException cause) {
        boolean isClosed = end instanceof CommunicatorClosedException;
        end(cause);
        if (!isClosed) {
            control.abort(cause);
        }
    }

    private void follow(Step step) {
        if (step instanceof Step.Run run) {
            run(run);
        } else if (step instanceof Step.Refuse refuse) {
            submitted.remove(refuse.name());
            pending.fail(refuse.name(), new MismatchException(refuse.reason()));
        } else if (step instanceof Step.Joined joined) {
            CompletableFuture<Integer> future = joining.getAndSet(null);
            if (future != null) {
                future.complete(joined.lastRank());
            }
        } else if (step instanceof Step.Left left) {
            end(control.leftBehind(left.rank(), waiting()));
        } else {
            throw new AssertionError(step);
        }
    }

    private void run(Step.Run run) {
        EngineCommunicator running = formed();
        if (running == null) {
            return; // the lane has come to its end
        }
        List<Named<?>> own = new ArrayList<>(); // none of a rank that has joined
        for (Step.Entry entry : run.entries()) {
            pending.find(entry.request().name()).ifPresent(own::add);
        }
        if (end != null) {
            return; // and so some of them may have failed
        }
        if (own.size() < run.entries().size() && run.absent() == 0) {
            throw new IllegalStateException(
                    "bug: this rank has not submitted all of " + run.entries());
        }
        if (own.isEmpty()) {
            AbsentRank.takePart(running, run.entries().get(0), self.size() - run.absent());
        } else if (own.size() == 1) {
            own.get(0).run(running, run.entries().get(0), self.size() - run.absent());
        } else {
            fusion.reduce(running, run.entries(), own);
        }
        // Before the futures: whoever waits may submit the name again.
        run.entries().forEach(entry -> pending.remove(entry.request().name()));
        own.forEach(Named::complete);
    }

    /** The lane's connections; null where it has come to its end meanwhile. */
    private @Nullable EngineCommunicator formed() {
        EngineCommunicator known = lane;
        if (known == null) {
            known = forming.get();
            lane = known;
        }
        if (end != null) {
            known.close(Duration.ZERO);
            return null;
        }
        return known;
    }

    /** What waits, in words. */
    private String waiting() {
        return pending.any()
                .map("'%s', which it has submitted"::formatted)
                .orElse("what it may submit by name");
    }

    private void end(CollectiveException cause) {
        synchronized (this) {
            if (end == null) {
                end = cause;
            }
        }
        stalled(0);
        failAll(cause); // without the lock: handlers of futures run here
    }

    private void failAll(CollectiveException cause) {
        pending.failAll(cause);
        CompletableFuture<Integer> future = joining.getAndSet(null);
        if (future != null) {
            future.completeExceptionally(cause);
        }
    }

    /**
     * Ends the lane when what all ranks have agreed on has run, or after the given time; what they
     * have not agreed on fails.
     */
    void close(Duration wait) {
        if (isStarted.compareAndSet(false, true)) {
            end(Engine.closed()); // there has been no step, and what comes now is not followed
            return;
        }
        queue.add(() -> end(Engine.closed()));
        try {
            if (!isLaneThread()) {
                thread.join(Math.max(1, wait.toMillis()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        end(Engine.closed());
        EngineCommunicator running = lane;
        if (running != null) {
            running.close(thread.isAlive() ? Duration.ZERO : wait);
        }
    }
}
