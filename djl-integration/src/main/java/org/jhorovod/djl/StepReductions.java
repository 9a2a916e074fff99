package org.jhorovod.djl;

import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.timeline.Track;
import org.jhorovod.djl.tuning.Setup;
import org.jspecify.annotations.Nullable;

/**
 * The reductions of one trainer, one after another: made anew when the block is initialised anew,
 * or other ranks stay in step. Where a rank stays in step with no other there is none. Owned by the
 * training thread.
 */
final class StepReductions implements AutoCloseable {
    private final DistributedConfig config;
    private final LocalTraining ranks;
    private final TrainerGroup group;
    private final int number;
    private final String name;
    private final OwedGradients owed = new OwedGradients(this::takeResiduals);
    private Optional<Tuning> tuning = Optional.empty(); // until initialised
    private boolean isTuningKnown;
    private Setup setup;
    private final Track track = JHorovod.timeline().track("training");
    private @Nullable StepReduction current; // null where there is none, and until initialised

    /**
     * Of one trainer.
     *
     * @param ranks that stay in step
     * @param number of the trainer in its group
     * @param name of the trainer on all ranks
     */
    StepReductions(
            DistributedConfig config,
            LocalTraining ranks,
            TrainerGroup group,
            int number,
            String name) {
        this.config = config;
        this.ranks = ranks;
        this.group = group;
        this.number = number;
        this.name = name;
        this.setup = new Setup(config.bucketMib(), config.reduce());
    }

    /**
     * Notes a step, to find out how gradients are reduced fastest, and goes on with another setup
     * where that is worth a try. A collective after some.
     *
     * @param stepNanos how long it took, with waiting; 0 where it does not count
     * @param isStepping whether this rank made it with a batch of its own
     * @param step how many have been made
     */
    void tune(long stepNanos, boolean isStepping, long step) {
        StepReduction known = current;
        Optional<Setup> next = tuning.flatMap(t -> t.stepped(stepNanos, isStepping, step));
        setup = next.orElse(setup);
        if (known != null) {
            next.ifPresent(known::change);
        }
    }

    /** Whether no other rank takes part in this rank's steps. */
    boolean isAlone() {
        return ranks.inside().size() == 1;
    }

    /**
     * Makes a new one, on all ranks at the same time, between two steps.
     *
     * @param parameters the model's, initialised
     * @param gradients by which gradients are born in their buckets; empty where they are copied
     */
    void renew(List<NamedParameter> parameters, Optional<NativeGradients> gradients) {
        close();
        if (!isTuningKnown) {
            tuning = Tuning.of(config, name);
            isTuningKnown = true;
        }
        if (!isAlone()) {
            current =
                    StepReduction.of(
                            config, setup, ranks, group, number, name, parameters, gradients);
        }
    }

    /** Makes the buckets that are missing, on all ranks at the same time. */
    void prepare() {
        if (current != null) {
            current.prepare();
        }
    }

    /** What packing has left behind at a checkpoint. */
    OwedGradients owed() {
        return owed;
    }

    private Optional<KeptElements> takeResiduals() {
        StepReduction known = current;
        return known == null ? Optional.empty() : known.takeResiduals();
    }

    /** Runs a backward pass, and averages meanwhile if it is the step's last, as far as known. */
    void backward(Runnable backward, LongSupplier samples, long step) {
        StepReduction known = current;
        if (known == null) {
            run(backward);
        } else {
            known.backward(() -> run(backward), samples, step);
        }
    }

    private void run(Runnable backward) {
        long start = track.begin();
        backward.run();
        track.span("BACKWARD", "", 0, start);
    }

    /**
     * Averages what has not been averaged during backward. Blocks until the other ranks do so too.
     *
     * @param samples that this rank's gradients are a mean of, asked for once if at all
     * @param step how many steps have been made before
     */
    StepReduction.Averaged finish(LongSupplier samples, long step) {
        return isAlone()
                ? new StepReduction.Averaged(samples.getAsLong(), 0)
                : required().finish(samples, step);
    }

    /**
     * The one at work.
     *
     * @throws IllegalStateException if the trainer is not initialised
     */
    StepReduction required() {
        StepReduction known = current;
        if (known == null) {
            throw new IllegalStateException(
                    "The trainer is not initialised. Call trainer.initialize(shapes) before"
                            + " step().");
        }
        return known;
    }

    /** Lets hooks and buckets go; waits shortly after a broken step. */
    @Override
    public void close() {
        StepReduction known = current;
        current = null;
        if (known != null) {
            known.close();
        }
    }
}
