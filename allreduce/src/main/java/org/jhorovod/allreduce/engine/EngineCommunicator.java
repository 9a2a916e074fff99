package org.jhorovod.allreduce.engine;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.CommunicatorClosedException;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.RegisteredMemory;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.negotiation.StallReport;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.jhorovod.allreduce.spi.Allocation;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.timeline.AwaitEvent;
import org.jhorovod.allreduce.timeline.Track;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Numbers the collectives in the order of their calls and hands them to the engine. */
public final class EngineCommunicator extends CheckedCommunicator {
    private static final Logger logger = LoggerFactory.getLogger(EngineCommunicator.class);
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);
    private static final Duration ABANDON_WAIT = Duration.ofSeconds(1);
    // Longer than a data link waits for the control plane's word on why it ended.
    private static final Duration GIVE_UP_WAIT = Duration.ofSeconds(2);

    private final Topology self;
    private final int generation;
    private final Backends backends;
    private final ControlPlane control;
    private final Duration operationTimeout;
    private final Consumer<LostReport> onLost;
    private final Track track;
    private final Splits splits;
    private final Engine engine;
    private final Collectives collectives;
    private final DeviceQueue device;
    private final PlannedStalls planned;
    private final StallWatch stalls = new StallWatch(GIVE_UP_WAIT);
    private volatile @Nullable RunningOperation running; // null between two
    private volatile boolean isExiting;
    // Guarded by this.
    private long lastSequence;
    private boolean isClosed;

    /**
     * Takes over control plane and backends, which are closed with the communicator.
     *
     * @param times when to tell of a collective that waits, and when to end it
     * @param onLost told whom this rank misses, before any call fails because of it
     * @param splitting forms the communicators of parts of the ranks
     * @param track where its collectives are recorded
     */
    public EngineCommunicator(
            Topology self,
            int generation,
            Backends backends,
            ControlPlane control,
            StallReport.Times times,
            Consumer<LostReport> onLost,
            Splitting splitting,
            Track track) {
        this.self = self;
        this.generation = generation;
        this.backends = backends;
        this.control = control;
        this.operationTimeout = times.end();
        this.planned = new PlannedStalls(control, times);
        this.onLost = onLost;
        this.track = track;
        this.splits = new Splits(self, splitting);
        this.device = new DeviceQueue(self, backends, control, times.end(), GIVE_UP_WAIT);
        this.collectives = new Collectives(self, backends, this::fail);
        Function<Throwable, CollectiveException> explain = bug -> OwnFault.explain(self, bug);
        this.engine = new Engine(self.rank(), backends.alertness(), this::failed, explain);
    }

    /** Starts the engine's thread, and to watch the peers. */
    public void start() {
        engine.start();
        control.start(this::peersChanged, this::lookForStalls);
    }

    /** Starts the engine's thread alone, where there are no peers. */
    public void startAlone() {
        engine.start();
    }

    private void peersChanged() {
        backends.wakeup();
        control.failure().ifPresent(cause -> engine.giveUpAfter(GIVE_UP_WAIT, cause));
    }

    /**
     * Tells of a collective that waits, and ends one at its deadline whose backend sits in a
     * library, and does not ask for it.
     */
    private void lookForStalls() {
        if (control.failure().isEmpty()) {
            RunningOperation known = running;
            planned.look(known);
            stalls.look(known).ifPresent(cause -> engine.giveUpAfter(Duration.ZERO, cause));
        }
    }

    /** Whether there is a collective that has not ended. */
    boolean isBusy() {
        return engine.isBusy();
    }

    @Override
    public Topology topology() {
        return self;
    }

    @Override
    public String transportName() {
        return backends.transportName();
    }

    @Override
    public boolean reducesOnDevice() {
        return backends.hasDevice();
    }

    @Override
    public RegisteredMemory allocate(String name, DataType type, long elementCount) {
        AtomicReference<Allocation> allocation = new AtomicReference<>();
        run(collectives.allocation(name, type, elementCount, allocation::set));
        Allocation made = Objects.requireNonNull(allocation.get());
        Runnable release = () -> made.number().ifPresent(backends::release);
        return new RegisteredMemory(type, made.buffers(), made.number(), release);
    }

    @Override
    Collectives collectives() {
        return collectives;
    }

    @Override
    public Communicator split(String name, int colour) {
        return splits.split(this, name, colour);
    }

    Splits splits() {
        return splits;
    }

    @Override
    CompletableFuture<Void> submit(Collective collective) {
        standStillAtExit();
        synchronized (this) {
            Engine.Submission submission = number(collective);
            engine.submit(submission);
            return submission.future();
        }
    }

    /** Nobody has to be woken for a collective's end where none waits. */
    @Override
    void run(Collective collective) {
        requireNotEngine();
        standStillAtExit();
        Engine.Submission submission;
        boolean isHere;
        synchronized (this) {
            submission = number(collective);
            isHere = collective.runsOnCaller() && engine.submitHere();
            if (!isHere) {
                engine.submit(submission);
            }
        }
        if (isHere) {
            engine.runHere(submission);
        }
        await(submission.future());
    }

    /** Gives a collective its place in the order; the caller holds the lock until it is taken. */
    private Engine.Submission number(Collective collective) {
        CollectiveCall call = collective.call();
        if (isClosed) {
            throw new CommunicatorClosedException(
                    "The %s was called after the communicator had been shut down. Call JHorovod.init() again first."
                            .formatted(call.describe()));
        }
        long sequence = ++lastSequence;
        control.calls().inOrder(sequence, call);
        BiConsumer<Backends, Operation> body = RecordedCollective.body(track, collective);
        return new Engine.Submission(() -> runNow(sequence, call, body), new CompletableFuture<>());
    }

    private void runNow(
            long sequence, CollectiveCall call, BiConsumer<Backends, Operation> collective) {
        RunningOperation operation =
                new RunningOperation(
                        self,
                        generation,
                        sequence,
                        call,
                        control,
                        operationTimeout,
                        track,
                        !engine.isEngineThread());
        control.check(sequence);
        running = operation;
        try {
            collective.accept(backends, operation);
        } finally {
            running = null;
        }
        control.completed(sequence);
    }

    /**
     * Fails the job for a reason that a backend found beside a collective. The peers are told at
     * once; the report of a lost rank may block for some seconds where the store is gone.
     */
    public void fail(CollectiveException cause) {
        failed(cause);
        peersChanged();
    }

    private void failed(CollectiveException cause) {
        boolean isNew = control.abort(cause);
        int lostRank = -1;
        if (cause instanceof PeerLostException lost) {
            lostRank = lost.lostRank();
        } else if (cause instanceof OperationTimeoutException timeout) {
            // Where a peer's deadline has passed, it is the peer that knows whom it missed.
            lostRank = timeout.missingRank().orElseGet(() -> isNew ? control.firstBehind() : -1);
        }
        if (lostRank >= 0 && lostRank < self.size() && lostRank != self.rank()) {
            onLost.accept(new LostReport(lostRank, String.valueOf(cause.getMessage())));
        }
    }

    @Override
    public <T> T await(CompletableFuture<T> collective) {
        requireNotEngine();
        control.calls().note();
        if (collective.isDone()) {
            return result(collective);
        }
        AwaitEvent flight = new AwaitEvent();
        flight.begin();
        try {
            return result(collective);
        } finally {
            flight.commit();
        }
    }

    private <T> T result(CompletableFuture<T> collective) {
        engine.lookFor(collective);
        while (true) {
            try {
                return collective.get(1, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                if (!engine.isAlive() && !collective.isDone()) {
                    throw new IllegalStateException("bug: the engine ended with work to do", e);
                }
            } catch (ExecutionException e) {
                standStillAtExit();
                if (e.getCause() instanceof CollectiveException cause) {
                    throw cause.again();
                }
                throw new IllegalStateException("bug: a collective failed in another way", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException(
                        "The thread was interrupted while it waited for a collective, which goes on"
                                + " without it.");
            }
        }
    }

    private void requireNotEngine() {
        if (engine.isEngineThread()) {
            throw new IllegalStateException(
                    "A handler of a collective's future waits for another collective, which would"
                            + " wait for ever. Use thenCompose, or another thread.");
        }
    }

    @Override
    public void check() {
        control.failure()
                .ifPresent(
                        cause -> {
                            throw cause.again();
                        });
    }

    @Override
    public void synchronize() {
        try {
            awaitDevice();
            check();
        } catch (CollectiveException e) {
            standStillAtExit();
            throw e;
        }
        synchronized (this) {
            if (isClosed) {
                throw new CommunicatorClosedException(
                        "The communicator was shut down while a device ran its collectives. Call"
                                + " JHorovod.init() again, or shut down later.");
            }
        }
    }

    private void awaitDevice() {
        Optional<OperationTimeoutException> stuck = device.awaitEmpty();
        if (stuck.isPresent()) {
            fail(stuck.get());
            throw stuck.get();
        }
    }

    private void drainDevice() {
        try {
            awaitDevice();
        } catch (CollectiveException | CancellationException e) {
            logger.debug("{} closes with collectives on its device", self.describe(), e);
        }
    }

    @Override
    public void close() {
        close(CLOSE_WAIT);
    }

    /** Closes because the process exits: nothing that still waits is worth waiting for. */
    public void closeAtExit() {
        isExiting = true;
        splits.closeAll(NegotiatingCommunicator::closeAtExit);
        close(Duration.ZERO);
    }

    /** A thread that the process's end finds in a collective has nothing to report. */
    private void standStillAtExit() {
        long end = System.nanoTime() + CLOSE_WAIT.toNanos();
        while (isExiting && end - System.nanoTime() > 0) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }

    /**
     * Closes, giving what has been submitted the given time to complete. What a device then has to
     * run is waited for up to the operation deadline, unless the job has failed.
     *
     * @param wait zero or more
     */
    public void close(Duration wait) {
        synchronized (this) {
            if (isClosed) {
                return;
            }
            isClosed = true;
        }
        splits.closeAll(group -> group.close(wait));
        boolean isIdle = engine.close(wait);
        if (isIdle && !isExiting) {
            // Before the goodbye: the peers' devices need this one until all have run.
            drainDevice();
        }
        if (!isIdle) {
            // No goodbye in good order: the peers are in the same collective, and need this rank.
            control.abort(
                    new PeerLostException(
                            self.rank(),
                            "Rank %d on %s is lost: its process ended, or shut down, in the middle of a collective. Look at its output, and for who ended it."
                                    .formatted(self.rank(), self.host())));
        }
        control.close();
        if (!isIdle) {
            backends.wakeup();
            engine.close(ABANDON_WAIT);
        }
        backends.close();
    }
}
