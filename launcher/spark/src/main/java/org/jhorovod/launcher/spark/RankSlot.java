package org.jhorovod.launcher.spark;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jspecify.annotations.Nullable;

/**
 * The one place for a rank in this process; DJL collects gradients once a process. Free again when
 * closed.
 */
final class RankSlot implements AutoCloseable {
    // A fact of the process, like the instance behind JHorovod.
    private static final AtomicReference<@Nullable RankSlot> taken = new AtomicReference<>();
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final String attempt;
    private final int rank;

    private RankSlot(String attempt, int rank) {
        this.attempt = attempt;
        this.rank = rank;
    }

    /**
     * Takes the place. Waits for a rank of an earlier attempt, which may take a moment to end.
     *
     * @param attempt identifies this attempt at the job
     * @param executor names the process in messages
     * @throws SharedExecutorException if another rank of this attempt has it, or one of an earlier
     *     attempt keeps it
     */
    static RankSlot take(String attempt, int rank, String executor, Duration patience) {
        RankSlot slot = new RankSlot(attempt, rank);
        Deadline deadline = Deadline.after(patience);
        while (!taken.compareAndSet(null, slot)) {
            RankSlot holder = taken.get();
            if (holder == null) {
                continue;
            }
            if (holder.attempt.equals(attempt)) {
                throw SharedExecutorException.twoRanks(holder.rank, rank, executor);
            }
            if (deadline.isOver() || Thread.currentThread().isInterrupted()) {
                throw SharedExecutorException.stillBusy(holder.rank, rank, executor, patience);
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
        return slot;
    }

    @Override
    public void close() {
        taken.compareAndSet(this, null);
    }
}
