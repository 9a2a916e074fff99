package org.jhorovod.djl;

import java.time.Duration;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.timeline.Track;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [A gradient must exist before it is written]: the engine hands out detached zeros for a
 * parameter that has no gradient yet, and what is written there is lost. So where gradients are
 * copied each parameter is given a gradient of zeros (FirstGradients) before it takes part for the
 * first time; where they are born in their buckets, a part of the memory of these.
 */
/**
 * The buckets of one trainer's gradients and running statistics, and the memory that gradients are
 * born in. Both are made anew when other parameters are trained; buckets of another size are cut
 * from the same memory. Owned by the training thread.
 */
final class GradientBuckets {
    private static final Logger logger = LoggerFactory.getLogger(GradientBuckets.class);
    private static final Duration SETTLE_WAIT = Duration.ofSeconds(5);

    private final Communicator communicator;
    private final String owner;
    private final List<NamedParameter> parameters;
    private final ReductionPlace place;
    private final Optional<NativeGradients> gradients;
    private final Optional<PackedReduction> packing;
    private final SampleCounts counts;
    private final Track track = JHorovod.timeline().track("training");

    private long limitBytes;
    private BitSet trained = new BitSet();
    private boolean planned;
    private boolean isToCut; // anew, as the limit is another one since the last plan
    private boolean usesDevice;
    private List<GradientMemory> memories = List.of();
    private List<GradientBucket> buckets = List.of();
    private @Nullable Averaging current; // null but for a step under way, or broken off

    /**
     * Creates the buckets of one trainer.
     *
     * @param owner the trainer's name on all ranks
     * @param parameters the model's, initialised
     * @param limitBytes how large a bucket of several parameters may grow
     * @param place where they are reduced
     * @param gradients by which gradients are born in their buckets; empty where they are copied
     * @param packing by which they travel between sites, if they are packed
     */
    GradientBuckets(
            Communicator communicator,
            String owner,
            List<NamedParameter> parameters,
            long limitBytes,
            ReductionPlace place,
            Optional<NativeGradients> gradients,
            Optional<PackedReduction> packing) {
        this.communicator = communicator;
        this.owner = owner;
        this.parameters = parameters;
        this.limitBytes = limitBytes;
        this.place = place;
        this.gradients = gradients;
        this.packing = packing;
        this.counts = new SampleCounts(communicator, owner);
    }

    /**
     * Has buckets of another size {@linkplain #prepare prepared}, on all ranks at the same time.
     *
     * @param bytes how large a bucket of several parameters may grow
     */
    void limit(long bytes) {
        isToCut |= bytes != limitBytes;
        limitBytes = bytes;
    }

    /** Whether they hold what is trained now, and nothing is left of a step that was broken off. */
    boolean areCurrent() {
        return planned && !isToCut && current == null && trainedNow().equals(trained);
    }

    private BitSet trainedNow() {
        BitSet now = new BitSet(parameters.size());
        for (int i = 0; i < parameters.size(); i++) {
            now.set(i, parameters.get(i).isTrained());
        }
        return now;
    }

    /**
     * Plans anew if parameters were frozen or unfrozen since the last plan, or the limit is new.
     */
    void prepare() {
        BitSet now = trainedNow();
        boolean isSettled = settle();
        boolean areSame = planned && now.equals(trained) && isSettled;
        if (areSame && !isToCut) {
            current = null;
            return;
        }
        Set<NamedParameter> fresh = new LinkedHashSet<>();
        for (int i = 0; i < parameters.size(); i++) {
            if (now.get(i) && !(planned && trained.get(i))) {
                fresh.add(parameters.get(i));
            }
        }
        List<NamedParameter> members =
                parameters.stream().filter(p -> p.isTrained() || p.isRunningStatistic()).toList();
        members.forEach(GradientBuckets::requireInPlace);
        usesDevice = place.isOnDevice(communicator, members);
        Optional<NativeGradients> onHost = usesDevice ? Optional.empty() : gradients;
        BucketMaker maker = new BucketMaker(communicator, owner, limitBytes, usesDevice, onHost);
        BucketMaker.Plans plans = maker.plan(members);
        drop(isSettled, !areSame);
        if (!areSame) {
            memories = maker.allocate(plans);
        }
        buckets = maker.make(plans, memories, fresh);
        trained = now;
        planned = true;
        isToCut = false;
    }

    /**
     * Until all is made anew there is nothing, in case that fails.
     *
     * @param isSettled whether nothing uses their memory any more; else it is left to the model
     * @param isWithMemory whether gradients are to have other memory
     */
    private void drop(boolean isSettled, boolean isWithMemory) {
        List<GradientBucket> formerBuckets = buckets;
        List<GradientMemory> formerMemories = isWithMemory ? memories : List.of();
        planned = false;
        current = null;
        buckets = List.of();
        if (isWithMemory) {
            memories = List.of();
        }
        if (isSettled) {
            formerBuckets.forEach(GradientBucket::close);
            formerMemories.forEach(GradientMemory::close);
        }
    }

    private static void requireInPlace(NamedParameter parameter) {
        parameter.withAveraged(
                array -> {
                    if (!TensorMemory.canOverwrite(array)) {
                        throw new IllegalArgumentException(
                                "Parameter '%s' is a view whose elements do not lie in row order, so it cannot be averaged in place. Build it from a duplicate() of the array."
                                        .formatted(parameter.describe()));
                    }
                });
    }

    /**
     * Begins to average what is trained; the buckets must be {@linkplain #areCurrent current}, or
     * just have been prepared.
     *
     * @param told samples 0 to contribute nothing
     */
    Averaging begin(SampleCounts.Told told) {
        Averaging begun = new Averaging(communicator, buckets, counts, told, packing, track);
        current = begun;
        return begun;
    }

    /**
     * Has the gradients averaged that {@link #begin} began with, in place. Blocks until the other
     * ranks do so too.
     *
     * @param isOnCaller whether the calling thread reduces them, not the engine's
     * @return how many samples all ranks have together
     */
    long finish(Averaging averaging, boolean isOnCaller) {
        long total = averaging.finish(isOnCaller);
        if (usesDevice) {
            // See Note [Nothing half done reaches the optimizer].
            communicator.synchronize();
        }
        current = null;
        return total;
    }

    /**
     * Takes what packing has not sent yet, as gradients, the same on all ranks; empty if there is
     * nothing new. Blocks until the other ranks have done so too.
     */
    Optional<KeptElements> takeResiduals() {
        return packing.flatMap(known -> known.takeResiduals(buckets));
    }

    /** The most backward passes that a rank has told of in the last step. */
    long mostPasses() {
        return counts.mostPasses();
    }

    /** The buckets that are made, in the order in which all ranks reduce them. */
    List<GradientBucket> made() {
        return buckets;
    }

    /**
     * Waits for collectives that a step left behind, bounded in time: the thread was interrupted,
     * or the job failed.
     *
     * @return whether nothing uses the buckets' memory any more, as far as known
     */
    private boolean settle() {
        Averaging left = current;
        if (left == null) {
            return true;
        }
        boolean wasInterrupted = Thread.interrupted();
        try {
            CompletableFuture.allOf(left.running().toArray(CompletableFuture[]::new))
                    .get(SETTLE_WAIT.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (ExecutionException | TimeoutException e) {
            logger.debug("The memory of {} stays until the model is closed", owner, e);
            return false;
        } catch (InterruptedException e) {
            wasInterrupted = true;
            return false;
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Lets the buckets' memory go. After a step that was broken off it waits some seconds for what
     * still runs, and leaves the memory to the model if that goes on, or has failed.
     */
    void close() {
        drop(settle(), true);
    }
}
