package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.timeline.Span;
import org.jhorovod.allreduce.timeline.Track;
import org.jspecify.annotations.Nullable;

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
 * Note [Nothing half done reaches the optimizer]: on a device a collective is complete once it is
 * ordered, and may still fail when it runs; its sums are then half done. So the host waits for the
 * device once a step, after the last bucket has been drained and before the optimizer's work. That
 * costs the overlap of the optimizer's launches with the end of the reduction, nothing else.
 */
/**
 * One step's gradients and running statistics on their way to the mean over all samples of all
 * ranks. All ranks reduce the same buckets in the same order, whenever and on whatever thread each
 * does. Used once, by the training thread.
 */
final class Averaging {
    private final Communicator communicator;
    private final List<GradientBucket> buckets;
    private final SampleCounts counts;
    private final SampleCounts.Told told;
    private final Optional<PackedReduction> packing;
    private final Track track;
    private final boolean isCountedFirst;
    // Of what has been submitted; what the training thread reduces itself is not among it.
    private final List<CompletableFuture<Void>> running = new ArrayList<>();
    private @Nullable CompletableFuture<Void> counting; // null where nothing is asked ahead
    private @Nullable Share share; // null until known
    private int submitted;
    private long waitedNanos;

    /**
     * Of these buckets, in the order that all ranks share.
     *
     * @param told of this rank's part
     * @param packing by which they travel between sites; where there is one, the training thread
     *     reduces
     * @param track where waits are recorded
     */
    Averaging(
            Communicator communicator,
            List<GradientBucket> buckets,
            SampleCounts counts,
            SampleCounts.Told told,
            Optional<PackedReduction> packing,
            Track track) {
        this.communicator = communicator;
        this.buckets = buckets;
        this.counts = counts;
        this.told = told;
        this.packing = packing;
        this.track = track;
        this.isCountedFirst =
                packing.isPresent() || buckets.stream().anyMatch(GradientBucket::needsTotal);
        this.share = isCountedFirst ? null : Share.of(told.samples());
    }

    /** Asks for the samples of all ranks, if buckets cannot be filled without. Does not block. */
    void begin() {
        if (isCountedFirst) {
            CompletableFuture<Void> asked = counts.exchangeAsync(told);
            running.add(asked);
            counting = asked;
        }
    }

    /**
     * Submits the first buckets, if they can be filled by now. Does not block.
     *
     * @param bucketCount how many have all that they are to hold
     */
    void submit(int bucketCount) {
        if (share == null && (counting == null || !counting.isDone())) {
            return;
        }
        Share known = share();
        while (submitted < bucketCount) {
            GradientBucket bucket = buckets.get(submitted);
            Reduction reduction = bucket.fill(known);
            running.add(communicator.allReduceAsync(bucket.name(), bucket.tensor(), reduction));
            submitted++;
        }
    }

    /** What this rank has of all samples; blocks until all ranks have told. */
    private Share share() {
        Share known = share;
        if (known == null) {
            CompletableFuture<Void> asked = counting;
            waited(
                    "samples",
                    () -> {
                        if (asked == null) {
                            counts.exchange(told);
                        } else {
                            communicator.await(asked);
                        }
                    });
            known = counts.share();
            required(known.total());
            share = known;
        }
        return known;
    }

    /**
     * Reduces what is left on the calling thread, or has the engine do it, and blocks until all is
     * done.
     *
     * @return how many samples all ranks have together
     */
    long finish(boolean isOnCaller) {
        Share known = share();
        if (isOnCaller) {
            return finishOnCaller(known);
        }
        submit(buckets.size());
        int first = running.size() - buckets.size();
        long total = known.total();
        for (int i = 0; i < buckets.size(); i++) {
            CompletableFuture<Void> reduction = running.get(first + i);
            waited(buckets.get(i).name(), () -> communicator.await(reduction));
            total = totalAfter(i, total);
            buckets.get(i).drain(total);
        }
        return total;
    }

    private long finishOnCaller(Share known) {
        long total = known.total();
        for (int i = 0; i < buckets.size(); i++) {
            GradientBucket bucket = buckets.get(i);
            Reduction reduction = bucket.fill(known);
            waited(bucket.name(), () -> reduce(bucket, reduction, known.total()));
            total = totalAfter(i, total);
            bucket.drain(total);
        }
        return total;
    }

    private void reduce(GradientBucket bucket, Reduction reduction, long total) {
        if (packing.isPresent()) {
            packing.get().reduce(bucket, reduction, total);
        } else {
            communicator.allReduce(bucket.name(), bucket.tensor(), reduction);
        }
    }

    /** The total, which the first bucket brings where nobody has asked for it before. */
    private long totalAfter(int reduced, long total) {
        return reduced == 0 && !isCountedFirst && buckets.get(0) instanceof HostBucket host
                ? required(host.total())
                : total;
    }

    private void waited(String what, Runnable wait) {
        long start = System.nanoTime();
        Span span = track.waiting(what);
        try {
            wait.run();
        } finally {
            span.end();
        }
        waitedNanos += System.nanoTime() - start;
    }

    private static long required(long total) {
        if (total <= 0) {
            throw new IllegalStateException(
                    "No rank has seen a sample since the last step, so there is nothing to average."
                            + " Call forward and backward before step().");
        }
        return total;
    }

    /** What uses the buckets' memory, as far as it has been submitted. */
    List<CompletableFuture<Void>> running() {
        return running;
    }

    /** How long the calling thread has waited for other ranks, or reduced itself. */
    long waitedNanos() {
        return waitedNanos;
    }
}
