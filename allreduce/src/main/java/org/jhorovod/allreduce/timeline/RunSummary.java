package org.jhorovod.allreduce.timeline;

import java.util.List;
import org.jhorovod.allreduce.config.ShownSetting;

/**
 * What has happened on all ranks so far, in figures whose number does not grow with the run.
 *
 * @param startMillis when recording began, since 1970
 * @param elapsedMicros for how long it has lasted
 * @param windowMicros how long a window of time is
 * @param ranks in rank order
 * @param traffic what went through collectives
 * @param step how an average step of rank 0 goes
 * @param lostEvents how many events had no room, and are missing in the figures
 * @param settings those in force on rank 0
 * @param round how often rank 0's process had shut down and begun again before
 */
public record RunSummary(
        long startMillis,
        long elapsedMicros,
        long windowMicros,
        List<Rank> ranks,
        List<Traffic> traffic,
        Step step,
        long lostEvents,
        List<ShownSetting> settings,
        int round) {

    /** Copies the lists. */
    public RunSummary {
        ranks = List.copyOf(ranks);
        traffic = List.copyOf(traffic);
        settings = List.copyOf(settings);
    }

    /**
     * What one rank has done.
     *
     * @param host empty where nothing was heard of it
     * @param lastCount for how many collectives it was the last to come
     * @param windows one after another from the start; those at the end may be missing
     */
    public record Rank(int rank, String host, long lastCount, List<Window> windows) {

        /** Copies the list. */
        public Rank {
            windows = List.copyOf(windows);
        }

        /** All windows together. */
        public Window total() {
            return windows.stream().reduce(Window.NONE, Window::plus);
        }
    }

    /**
     * What a rank has done in a window of time.
     *
     * @param steps that ended in it
     * @param samples of these steps
     * @param stepMicros of it that lie in steps
     * @param waitedMicros in steps, for other ranks and for their bytes
     * @param collectiveMicros in collectives, which may go on beside a step
     * @param peerMicros of these, until the last rank had come to them
     * @param lateMicros in which only this rank was missing in a collective
     */
    public record Window(
            long steps,
            long samples,
            long stepMicros,
            long waitedMicros,
            long collectiveMicros,
            long peerMicros,
            long lateMicros) {
        /** Nothing. */
        public static final Window NONE = new Window(0, 0, 0, 0, 0, 0, 0);

        /** Both together. */
        public Window plus(Window other) {
            return new Window(
                    steps + other.steps,
                    samples + other.samples,
                    stepMicros + other.stepMicros,
                    waitedMicros + other.waitedMicros,
                    collectiveMicros + other.collectiveMicros,
                    peerMicros + other.peerMicros,
                    lateMicros + other.lateMicros);
        }
    }

    /**
     * Collectives of one kind over one transport.
     *
     * @param kind such as {@code ALL_REDUCE}
     * @param count of calls, over all ranks
     * @param byteCount that the ranks brought in, all together
     */
    public record Traffic(String transport, String kind, long count, long byteCount) {}

    /**
     * An average step of rank 0, without the first few.
     *
     * @param count how many it is the average of
     * @param micros from the first forward pass to the update
     * @param backwardStartMicros when backward begins in it
     * @param backwardMicros how long backward takes; 0 where there is none
     * @param parts what is reduced in it, in order of time
     */
    public record Step(
            long count,
            long micros,
            long backwardStartMicros,
            long backwardMicros,
            List<Part> parts) {
        /** Where there were no steps. */
        public static final Step NONE = new Step(0, 0, 0, 0, List.of());

        /** Copies the list. */
        public Step {
            parts = List.copyOf(parts);
        }
    }

    /**
     * A collective that returns in steps, such as that of a bucket.
     *
     * @param kind such as {@code ALL_REDUCE}
     * @param count how often it was in a step
     * @param startMicros when it begins in a step, on average
     * @param micros how long it takes, on average
     */
    public record Part(
            String name, String kind, long byteCount, long count, long startMicros, long micros) {}
}
