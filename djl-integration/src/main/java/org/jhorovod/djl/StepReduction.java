package org.jhorovod.djl;

import ai.djl.engine.Engine;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.config.Settings.ReduceChoice;
import org.jhorovod.djl.tuning.Setup;

/**
 * Has the gradients of one trainer averaged once a step, or during its last backward pass. Owned by
 * the training thread.
 */
final class StepReduction {
    private static final long MIB = 1 << 20;

    private final Communicator communicator;
    private final TrainerGroup group;
    private final int number;
    private final GradientBuckets buckets;
    private final Conditions conditions;
    private ReductionTime time;
    private Optional<Overlap> overlap;
    private Averaged duringBackward = new Averaged(0, 0);

    /**
     * What a step's averaging came to.
     *
     * @param samples of all ranks
     * @param waitedNanos how long the training thread waited for the other ranks
     */
    record Averaged(long samples, long waitedNanos) {}

    /** What does not change, and says when gradients can be reduced. */
    private record Conditions(
            List<NamedParameter> parameters,
            boolean isOneHost,
            boolean areBorn,
            boolean isOnDevice,
            boolean arePacked) {
        ReductionTime time(ReduceChoice wish) {
            return arePacked
                    ? ReductionTime.IN_STEP
                    : ReductionTime.of(wish, isOneHost, areBorn && !isOnDevice, isOnDevice);
        }

        Optional<Overlap> overlap(ReductionTime time) {
            if (time != ReductionTime.DURING_BACKWARD) {
                return Optional.empty();
            }
            Engine engine = parameters.get(0).array().getManager().getEngine();
            return GradientHooks.find(engine).map(Overlap::new);
        }
    }

    private StepReduction(
            Communicator communicator,
            TrainerGroup group,
            int number,
            GradientBuckets buckets,
            Conditions conditions,
            ReductionTime time) {
        this.communicator = communicator;
        this.group = group;
        this.number = number;
        this.buckets = buckets;
        this.conditions = conditions;
        this.time = time;
        this.overlap = conditions.overlap(time);
    }

    /**
     * Of one trainer.
     *
     * @param setup of the buckets, and when they are reduced
     * @param ranks that stay in step, and how their gradients travel
     * @param number of the trainer in its group
     * @param name of the trainer on all ranks
     * @param parameters the model's, initialised
     * @param gradients by which gradients are born in their buckets; empty where they are copied
     */
    static StepReduction of(
            DistributedConfig config,
            Setup setup,
            LocalTraining ranks,
            TrainerGroup group,
            int number,
            String name,
            List<NamedParameter> parameters,
            Optional<NativeGradients> gradients) {
        Communicator communicator = ranks.inside();
        Optional<PackedReduction> packing = ranks.packing();
        boolean isOnDevice =
                packing.isEmpty() && config.place().isOnDevice(communicator, parameters);
        if (isOnDevice && config.balance()) {
            throw new IllegalStateException(
                    "Samples cannot be shared out by speed where gradients are reduced on devices:"
                        + " how long a rank works and how long it waits for others cannot be told"
                        + " apart there. Set JHOROVOD_BACKEND=host, or JHOROVOD_BALANCE=false.");
        }
        Conditions conditions =
                new Conditions(
                        parameters,
                        communicator.topology().isOneHost(),
                        gradients.isPresent(),
                        isOnDevice,
                        packing.isPresent());
        GradientBuckets buckets =
                new GradientBuckets(
                        communicator,
                        name,
                        parameters,
                        setup.bucketMib() * MIB,
                        packing.isPresent() ? ReductionPlace.onHost() : config.place(),
                        gradients,
                        packing);
        ReductionTime time = conditions.time(setup.reduce());
        return new StepReduction(communicator, group, number, buckets, conditions, time);
    }

    /**
     * Takes up another setup, between two steps, on all ranks at the same time. Gradients stay
     * where they are.
     */
    void change(Setup setup) {
        ReductionTime next = conditions.time(setup.reduce());
        if (next != time) {
            overlap.ifPresent(Overlap::close);
            overlap = conditions.overlap(next);
            time = next;
        }
        buckets.limit(setup.bucketMib() * MIB);
        buckets.prepare();
    }

    private boolean isOnCaller() {
        return time != ReductionTime.IN_STEP_BY_ENGINE && overlap.isEmpty();
    }

    /** Makes the buckets that are missing, on all ranks at the same time. */
    void prepare() {
        buckets.prepare();
    }

    /**
     * Runs a backward pass, and averages meanwhile if it is the step's last, as far as known.
     *
     * @param samples that this rank's gradients are a mean of, asked for once if at all
     * @param step how many steps have been made before
     */
    void backward(Runnable backward, LongSupplier samples, long step) {
        if (overlap.isEmpty() || !overlap.get().beginPass() || !buckets.areCurrent()) {
            backward.run();
            return;
        }
        Overlap during = overlap.get();
        CompletableFuture<Void> announced = group.announceStepAsync(communicator, number);
        Averaging averaging = buckets.begin(told(samples.getAsLong(), step));
        averaging.begin();
        during.run(backward, averaging, buckets.made());
        long start = System.nanoTime();
        communicator.await(announced);
        long announcedNanos = System.nanoTime() - start;
        long total = buckets.finish(averaging, false);
        during.averaged();
        duringBackward = new Averaged(total, announcedNanos + averaging.waitedNanos());
    }

    private SampleCounts.Told told(long samples, long step) {
        return new SampleCounts.Told(samples, overlap.map(Overlap::passes).orElse(0L), step);
    }

    /**
     * Averages what has not been averaged during backward. Blocks until the other ranks do so too.
     *
     * @param samples that this rank's gradients are a mean of, asked for once if at all
     * @param step how many steps have been made before
     */
    Averaged finish(LongSupplier samples, long step) {
        Averaged done = duringBackward;
        if (overlap.isEmpty() || !overlap.get().isAveraged()) {
            if (overlap.isPresent() && overlap.get().wasAveraged()) {
                group.requireNoJoiners();
            }
            long start = System.nanoTime();
            group.announceStep(communicator, number);
            done = average(samples.getAsLong(), step, System.nanoTime() - start);
        }
        overlap.ifPresent(during -> during.stepEnded(buckets.mostPasses()));
        return done;
    }

    /** Averages with ranks that still have data, to whose step this rank adds what it has left. */
    Averaged join(long samples, long step) {
        Averaged done = average(samples, step, 0);
        overlap.ifPresent(during -> during.stepEnded(buckets.mostPasses()));
        return done;
    }

    private Averaged average(long samples, long step, long announcedNanos) {
        buckets.prepare();
        Averaging averaging = buckets.begin(told(samples, step));
        if (!isOnCaller()) {
            averaging.begin();
        }
        long total = buckets.finish(averaging, isOnCaller());
        return new Averaged(total, announcedNanos + averaging.waitedNanos());
    }

    /** As {@link GradientBuckets#takeResiduals}. */
    Optional<KeptElements> takeResiduals() {
        return buckets.takeResiduals();
    }

    /** Lets hooks and buckets go; waits shortly after a broken step. */
    void close() {
        overlap.ifPresent(Overlap::close);
        buckets.close();
    }
}
