package org.jhorovod.djl;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.LongStream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Reduction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * A step's gradients, averaged over all ranks and all samples.
 *
 * Each rank's gradient g_r is a mean over its n_r samples. What is wanted is the gradient of one
 * process that saw all N samples, the sum of n_r / N * g_r. A rank without samples puts zeros. Batch
 * norm's running statistics travel the same way.
 *
 * Note [Two ways to weigh]: where gradients are copied on the host, every rank puts n_r and n_r * g_r
 * into its buckets, the buckets are summed, and the sum of the products is divided by the sum of the
 * counts: no more messages than buckets, and no pass over memory but the copies. Where they are born
 * in the bucket that would be two passes more; on a device the host would have to wait for that
 * count, and 16-bit types hold neither it nor the products. There the counts are gathered first, and
 * n_r / N is the prescale of each rank's reduction; if all have as many, a plain average does.
 *
 * Note [A gradient must exist before it is written]: the engine hands out detached zeros for a
 * parameter that has no gradient yet, and what is written there is lost. So where gradients are
 * copied each parameter is given a gradient of zeros (FirstGradients) before it takes part for the
 * first time; where they are born in the bucket, a part of that.
 *
 * Note [Nothing half done reaches the optimizer]: on a device a collective is complete once it is
 * ordered, and may still fail when it runs; its sums are then half done. So the host waits for the
 * device once a step, after the last bucket has been drained and before the optimizer's work. That
 * costs the overlap of the optimizer's launches with the end of the reduction, nothing else.
 */

/** Averages gradients and running statistics in place. Owned by the training thread. */
final class GradientBuckets {
    private static final Logger logger = LoggerFactory.getLogger(GradientBuckets.class);
    private static final Duration SETTLE_WAIT = Duration.ofSeconds(5);

    private final Communicator communicator;
    private final String owner;
    private final List<NamedParameter> parameters;
    private final long limitBytes;
    private final ReductionPlace place;
    private final Optional<NativeGradients> gradients;

    private BitSet trained = new BitSet();
    private boolean planned;
    private boolean usesDevice;
    private List<GradientBucket> buckets = List.of();
    private HostTensor ownCount = HostTensor.allocate(DataType.INT64, 0);
    private HostTensor counts = ownCount;
    // Empty but for a step under way, or broken off.
    private List<CompletableFuture<Void>> running = List.of();
    private long waitedNanos;

    /**
     * Creates the buckets of one trainer.
     *
     * @param owner the trainer's name on all ranks
     * @param parameters the model's, initialised
     * @param limitBytes how large a bucket of several parameters may grow
     * @param place where they are reduced
     * @param gradients by which gradients are born in their buckets; empty where they are copied
     */
    GradientBuckets(
            Communicator communicator,
            String owner,
            List<NamedParameter> parameters,
            long limitBytes,
            ReductionPlace place,
            Optional<NativeGradients> gradients) {
        this.communicator = communicator;
        this.owner = owner;
        this.parameters = parameters;
        this.limitBytes = limitBytes;
        this.place = place;
        this.gradients = gradients;
    }

    /** Plans anew if parameters were frozen or unfrozen since the last plan. */
    void prepare() {
        BitSet now = new BitSet(parameters.size());
        for (int i = 0; i < parameters.size(); i++) {
            now.set(i, parameters.get(i).isTrained());
        }
        boolean isSettled = settle();
        if (planned && now.equals(trained) && isSettled) {
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
        List<BucketMaker.Plans> plans = maker.plan(members);
        if (isSettled) {
            buckets.forEach(GradientBucket::close);
        }
        // Until all is made anew there is nothing, in case that fails.
        planned = false;
        running = List.of();
        buckets = List.of();
        ownCount = HostTensor.allocate(DataType.INT64, 1);
        counts = HostTensor.allocate(DataType.INT64, communicator.size());
        buckets = maker.make(plans, fresh);
        trained = now;
        planned = true;
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
     * Replaces each gradient and running statistic by the mean over all samples of all ranks.
     * Blocks until the other ranks have called it too.
     *
     * @param samples how many samples this rank's gradients are a mean of; 0 to contribute nothing
     * @return how many samples all ranks have together
     */
    long average(long samples) {
        prepare();
        waitedNanos = 0;
        running = new ArrayList<>(buckets.size() + 1);
        boolean isCountedFirst = buckets.stream().anyMatch(GradientBucket::needsTotal);
        Share share = isCountedFirst ? shareOf(samples) : Share.of(samples);
        long total = share.total();
        for (GradientBucket bucket : buckets) {
            Reduction reduction = bucket.fill(share);
            running.add(communicator.allReduceAsync(bucket.name(), bucket.tensor(), reduction));
        }
        int first = running.size() - buckets.size();
        for (int i = 0; i < buckets.size(); i++) {
            await(running.get(first + i));
            if (i == 0 && !isCountedFirst && buckets.get(0) instanceof HostBucket host) {
                total = required(host.total());
            }
            buckets.get(i).drain(total);
        }
        if (usesDevice) {
            // See Note [Nothing half done reaches the optimizer].
            communicator.synchronize();
        }
        running = List.of();
        return total;
    }

    /** Asks for the samples of all ranks; see Note [Two ways to weigh]. */
    private Share shareOf(long samples) {
        ownCount.buffers().get(0).putLong(0, samples);
        CompletableFuture<Void> gathering =
                communicator.allGatherAsync(owner + "/samples", ownCount, counts);
        running.add(gathering);
        await(gathering);
        long[] all = new long[communicator.size()];
        counts.buffers().get(0).asLongBuffer().get(all);
        boolean isEqual = LongStream.of(all).allMatch(count -> count == samples);
        return new Share(samples, required(LongStream.of(all).sum()), isEqual);
    }

    private void await(CompletableFuture<Void> collective) {
        long start = System.nanoTime();
        communicator.await(collective);
        waitedNanos += System.nanoTime() - start;
    }

    /** How long the last {@link #average} waited for the other ranks, the device left out. */
    long waitedNanos() {
        return waitedNanos;
    }

    private static long required(long total) {
        if (total <= 0) {
            throw new IllegalStateException(
                    "No rank has seen a sample since the last step, so there is nothing to average."
                            + " Call forward and backward before step().");
        }
        return total;
    }

    /**
     * Waits for collectives that an {@link #average} left behind, bounded in time: the thread was
     * interrupted, or the job failed.
     *
     * @return whether nothing uses the buckets' memory any more, as far as known
     */
    private boolean settle() {
        boolean wasInterrupted = Thread.interrupted();
        try {
            CompletableFuture.allOf(running.toArray(CompletableFuture[]::new))
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
        if (settle()) {
            buckets.forEach(GradientBucket::close);
        }
        buckets = List.of();
        running = List.of();
        planned = false;
    }
}
