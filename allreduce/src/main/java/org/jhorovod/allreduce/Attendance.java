package org.jhorovod.allreduce;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.jhorovod.allreduce.rendezvous.Store;
import org.jhorovod.allreduce.rendezvous.StoreException;
import org.jspecify.annotations.Nullable;

/**
 * Waits for other ranks to join the job. Every wait looks into the store now and then for ranks
 * that are gone already, and ends by the start timeout.
 */
final class Attendance {
    private static final Duration SLICE = Duration.ofMillis(200);
    private static final Duration LAST_QUESTION = Duration.ofSeconds(5);

    private final Store store;
    private final Topology self;
    private final Group group;
    private final int generation;
    private final Duration timeout;
    private final Deadline deadline;

    /** From now on the start timeout runs. */
    Attendance(Store store, Topology self, Group group, int generation, Duration timeout) {
        this.store = store;
        this.self = self;
        this.group = group;
        this.generation = generation;
        this.timeout = timeout;
        this.deadline = Deadline.after(timeout);
    }

    Deadline deadline() {
        return deadline;
    }

    /** What a rank leaves under a key of the store. */
    byte[] awaitWord(int rank, String key) {
        return await(rank, slice -> wordWithin(key, slice));
    }

    /**
     * Asks again and again for what a rank has to bring.
     *
     * @param attempt waits for as long as it is told, and gives null if it did not come
     * @throws PeerLostException if that rank is gone
     * @throws StartException if it does not bring it in time
     */
    <T> T await(int rank, Function<Duration, @Nullable T> attempt) {
        while (true) {
            T value = attempt.apply(SLICE);
            if (value != null) {
                return value;
            }
            failIfOver(rank);
        }
    }

    /** Throws where there is no more reason to wait for this rank. */
    void failIfOver(int rank) {
        Optional<byte[]> how = store.get(Keys.gone(generation, group.inJob(rank)), remaining());
        if (how.isPresent()) {
            throw new PeerLostException(
                    rank,
                    "Rank %d is lost: %s, while %s waited for it to join the job. Look at the lost rank's output."
                            .formatted(
                                    group.inJob(rank),
                                    new String(how.get(), StandardCharsets.UTF_8),
                                    self.describe()));
        }
        if (deadline.isOver() || Thread.currentThread().isInterrupted()) {
            throw missing(rank);
        }
    }

    private byte @Nullable [] wordWithin(String key, Duration slice) {
        try {
            return store.await(key, slice);
        } catch (StoreException e) {
            // Not yet, most likely; if the store itself is gone, this says so.
            return store.get(key, remaining()).orElse(null);
        }
    }

    private Duration remaining() {
        // A question that is asked at the last moment still gets its answer.
        return Duration.ofMillis(Math.max(LAST_QUESTION.toMillis(), deadline.remainingMillis()));
    }

    private StartException missing(int rank) {
        String text =
                "Rank %d on %s waited %d s for rank %d to join the job of %d ranks. Check that this rank was started, that its program calls JHorovod.init() (or DistributedTrainer.create), and that the hosts reach each other (JHOROVOD_DIAL_OUT=true on a rank that a firewall keeps others from); raise JHOROVOD_START_TIMEOUT_SECONDS (jhorovodrun --start-timeout) if starting takes longer."
                        .formatted(
                                group.inJob(self.rank()),
                                self.host(),
                                timeout.toSeconds(),
                                group.inJob(rank),
                                self.size());
        new LostReport(group.inJob(rank), text)
                .leaveIn(store, generation, group.inJob(self.rank()));
        return new StartException(text);
    }
}
