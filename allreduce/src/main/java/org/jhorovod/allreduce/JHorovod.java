package org.jhorovod.allreduce;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Supplier;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.timeline.Timeline;
import org.jspecify.annotations.Nullable;

/**
 * The door to the collectives of this process.
 *
 * <p>A program that {@code jhorovodrun} started finds the other ranks by itself; one that was
 * started alone is a world of one rank. All methods are safe for use by several threads.
 *
 * <pre>{@code
 * NamedCommunicator communicator = JHorovod.init();
 * communicator.barrier("ready");
 * JHorovod.shutdown();
 * }</pre>
 */
public final class JHorovod {
    private static final Object LOCK = new Object();
    private static final Object ENVIRONMENT = new Object(); // stands for the store that it names
    private static @Nullable Participation participation; // guarded by LOCK
    // Guarded by LOCK. How often this process has met others in each store: processes that replace
    // lost ones have not, so those who go on begin anew with them, in a store of their own.
    private static final Map<Object, Integer> rounds = new WeakHashMap<>();
    private static Object meetingPlace = ENVIRONMENT; // guarded by LOCK; of the latest round
    // Guarded by LOCK. For the life of the process: ranks that meet again need the store of the
    // first.
    private static @Nullable StoreConnection store;

    private JHorovod() {}

    /**
     * Joins the job that the environment names, or none; blocks until all ranks have met. Does
     * nothing more when this process has joined already.
     *
     * @return the communicator, the same one at each call
     * @throws IllegalArgumentException if the environment is incomplete or wrong, with all faults
     * @throws org.jhorovod.allreduce.collective.CollectiveException if the ranks cannot meet in
     *     time
     */
    public static NamedCommunicator init() {
        synchronized (LOCK) {
            if (participation == null) {
                Configuration configuration = Configuration.fromProcess();
                participation =
                        counted(
                                () ->
                                        Participation.fromEnvironment(
                                                configuration,
                                                roundAt(ENVIRONMENT),
                                                JHorovod::meet));
            }
            return participation.communicator();
        }
    }

    private static int roundAt(Object place) {
        synchronized (LOCK) {
            meetingPlace = place;
            return rounds.getOrDefault(place, 0);
        }
    }

    /** A round that fails counts too: what it left in the store must not be found again. */
    private static Participation counted(Supplier<Participation> joining) {
        synchronized (LOCK) {
            try {
                return joining.get();
            } catch (CollectiveException e) {
                rounds.merge(meetingPlace, 1, Integer::sum);
                throw e;
            }
        }
    }

    private static StoreConnection meet(Configuration configuration) {
        synchronized (LOCK) {
            StoreConnection known = store;
            if (known == null) {
                known = StoreConnection.join(configuration);
                store = known;
            }
            return known;
        }
    }

    /**
     * Joins the job that a program describes; blocks until all ranks have met.
     *
     * @throws IllegalStateException if this process has joined a job already
     */
    public static NamedCommunicator init(Membership membership) {
        synchronized (LOCK) {
            if (participation != null) {
                throw new IllegalStateException(
                        "This process has joined a job already. Call JHorovod.shutdown() before"
                                + " JHorovod.init(Membership).");
            }
            Configuration configuration = Configuration.fromProcess();
            participation =
                    counted(
                            () ->
                                    Participation.of(
                                            membership,
                                            configuration,
                                            roundAt(membership.store())));
            return participation.communicator();
        }
    }

    /**
     * The communicator of this process.
     *
     * @throws IllegalStateException before {@link #init()} and after {@link #shutdown()}
     */
    public static NamedCommunicator communicator() {
        return joined().communicator();
    }

    /**
     * Begins a file with what happens when on all ranks from now on, which Perfetto shows; to be
     * called on rank 0, which tells the others. Does not wait for them.
     *
     * @param file what it held is replaced
     * @throws UncheckedIOException if it cannot be written
     * @throws IllegalStateException on another rank, if a timeline is being written, or before
     *     {@link #init()}
     */
    public static void startTimeline(Path file) {
        try {
            joined().timeline().start(file);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "The timeline %s cannot be written: %s. Name a file in a folder that you may write to."
                            .formatted(file, e),
                    e);
        }
    }

    /**
     * Ends the file of {@link #startTimeline}, or of {@code JHOROVOD_TIMELINE}; to be called on
     * rank 0. Blocks until the other ranks have sent what they have, 6 seconds at most. Does
     * nothing where none is written.
     *
     * @throws IllegalStateException on another rank, or before {@link #init()}
     */
    public static void stopTimeline() {
        joined().timeline().stop();
    }

    /** What records on this rank; a timeline of nothing before {@link #init()}. */
    public static Timeline timeline() {
        synchronized (LOCK) {
            return participation == null ? new Timeline() : participation.timeline();
        }
    }

    private static Participation joined() {
        synchronized (LOCK) {
            if (participation == null) {
                throw new IllegalStateException(
                        "This process has not joined a job. Call JHorovod.init() first.");
            }
            return participation;
        }
    }

    /** Whether this process has joined a job and not left it. */
    public static boolean isInitialized() {
        synchronized (LOCK) {
            return participation != null;
        }
    }

    /**
     * Says goodbye to the other ranks. Afterwards {@link #init()} may be called again, by all
     * ranks. Happens by itself when the process exits.
     */
    public static void shutdown() {
        synchronized (LOCK) {
            if (participation != null) {
                participation.close();
                participation = null;
                rounds.merge(meetingPlace, 1, Integer::sum);
            }
        }
    }
}
