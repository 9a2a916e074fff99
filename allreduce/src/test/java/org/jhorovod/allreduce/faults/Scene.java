package org.jhorovod.allreduce.faults;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** What a fault finds when it happens. Closing it leaves the ranks alone. */
final class Scene implements AutoCloseable {
    private static final int ATTEMPTS = 20;
    private static final Duration PAUSE = Duration.ofMillis(20);

    private final List<TrialRank> ranks;
    private final TrialRank victim;
    private final SplittableRandom random;
    private final SharedMemory sharedMemory;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private String note = "";

    Scene(Trial trial, List<TrialRank> ranks, SharedMemory sharedMemory) {
        this.ranks = List.copyOf(ranks);
        this.victim = ranks.get(trial.victim());
        this.random = trial.random();
        this.sharedMemory = sharedMemory;
    }

    TrialRank victim() {
        return victim;
    }

    SplittableRandom random() {
        return random;
    }

    SharedMemory sharedMemory() {
        return sharedMemory;
    }

    /** What else is to be told of the fault. */
    String note() {
        return note;
    }

    /** Returns when so much time has passed. */
    void pass(Duration time) {
        try {
            clock.schedule(() -> {}, time.toNanos(), TimeUnit.NANOSECONDS).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("bug: nothing can fail", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        }
    }

    /** Resets one of the victim's connections; none is left once the job has ended. */
    Expectation resetConnection() throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS && !victim.hasEnded(); attempt++) {
            List<TcpConnection> connections = TcpConnection.of(victim.pid());
            if (!connections.isEmpty()) {
                TcpConnection chosen = connections.get(random.nextInt(connections.size()));
                Optional<TrialRank> other =
                        ranks.stream().filter(r -> r.pid() == chosen.peerPid()).findFirst();
                if (chosen.reset()) {
                    note = other.map(r -> " to rank " + r.number()).orElse(" to the store");
                    return other.map(r -> Expectation.loss(victim.number(), r.number()))
                            .orElse(Expectation.success());
                }
            }
            pass(PAUSE);
        }
        note = " (there is none)";
        return Expectation.success();
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
