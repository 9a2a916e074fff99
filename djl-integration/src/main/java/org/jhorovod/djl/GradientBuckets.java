package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/*
 * A step's gradients, averaged over all ranks and all samples.
 *
 * Each rank's gradient g_r is a mean over its n_r samples. Every rank puts n_r and n_r * g_r into
 * its buckets, the buckets are summed over the ranks, and the sum of the products is divided by
 * the sum of the counts: the gradient of one process that saw all samples. A rank without samples
 * puts zeros. Batch norm's running statistics travel the same way.
 *
 * Note [A gradient must exist before it is written]: the engine hands out detached zeros for a
 * parameter that has no gradient yet, and what is written there is lost. So each parameter is
 * given a gradient of zeros (FirstGradients) before it takes part for the first time.
 */

/** Averages gradients and running statistics in place. Owned by the training thread. */
final class GradientBuckets {
    private final Communicator communicator;
    private final String owner;
    private final List<NamedParameter> parameters;
    private final long limitBytes;
    private final TensorMemory memory = new TensorMemory();

    private BitSet trained = new BitSet();
    private boolean planned;
    private List<NamedParameter> members = List.of();
    private List<Bucket> buckets = List.of();
    private long waitedNanos;

    /** A planned bucket with its memory. */
    private record Bucket(String name, BucketPlan.Bucket plan, HostTensor tensor) {
        ByteBuffer bytes() {
            return tensor.buffers().get(0);
        }
    }

    /**
     * Creates the buckets of one trainer.
     *
     * @param owner the trainer's name on all ranks
     * @param parameters the model's, initialised
     * @param limitBytes how large a bucket of several parameters may grow
     */
    GradientBuckets(
            Communicator communicator,
            String owner,
            List<NamedParameter> parameters,
            long limitBytes) {
        this.communicator = communicator;
        this.owner = owner;
        this.parameters = parameters;
        this.limitBytes = limitBytes;
    }

    /** Plans anew if parameters were frozen or unfrozen since the last plan. */
    void prepare() {
        BitSet now = new BitSet(parameters.size());
        for (int i = 0; i < parameters.size(); i++) {
            now.set(i, parameters.get(i).isTrained());
        }
        if (planned && now.equals(trained)) {
            return;
        }
        List<NamedParameter> fresh = new ArrayList<>();
        for (int i = 0; i < parameters.size(); i++) {
            if (now.get(i) && !(planned && trained.get(i))) {
                fresh.add(parameters.get(i));
            }
        }
        FirstGradients.create(fresh);
        members = parameters.stream().filter(p -> p.isTrained() || p.isRunningStatistic()).toList();
        members.forEach(GradientBuckets::requireInPlace);
        buckets = allocate(BucketPlan.of(members.stream().map(p -> entry(p)).toList(), limitBytes));
        trained = now;
        planned = true;
    }

    private List<Bucket> allocate(BucketPlan plan) {
        List<Bucket> all = new ArrayList<>();
        // In the name, so that a rank that has frozen another layer is found by the collective.
        String digest = ParameterDigest.ofDescriptions(members).substring(0, 8);
        for (int i = 0; i < plan.buckets().size(); i++) {
            BucketPlan.Bucket bucket = plan.buckets().get(i);
            String name =
                    "%s/gradients-of-%s/%d-of-%d"
                            .formatted(owner, digest, i + 1, plan.buckets().size());
            all.add(
                    new Bucket(
                            name,
                            bucket,
                            HostTensor.allocate(bucket.type(), bucket.elementCount())));
        }
        return List.copyOf(all);
    }

    private static void requireInPlace(NamedParameter parameter) {
        withElements(
                parameter,
                array -> {
                    if (!TensorMemory.canOverwrite(array)) {
                        throw new IllegalArgumentException(
                                "Parameter '%s' is a view whose elements do not lie in row order, so it cannot be averaged in place. Build it from a duplicate() of the array."
                                        .formatted(parameter.describe()));
                    }
                });
    }

    private static BucketPlan.Entry entry(NamedParameter parameter) {
        DataType type =
                switch (parameter.array().getDataType()) {
                    case FLOAT32 -> DataType.FLOAT32;
                    case FLOAT64 -> DataType.FLOAT64;
                    default ->
                            throw new IllegalArgumentException(
                                    "Parameter '%s' cannot be trained over several ranks: only FLOAT32 and FLOAT64 can. Change the model's data type, or freeze the parameter."
                                            .formatted(parameter.describe()));
                };
        return new BucketPlan.Entry(parameter.name(), type, parameter.array().size());
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
        List<CompletableFuture<Void>> running = new ArrayList<>(buckets.size());
        for (Bucket bucket : buckets) {
            fill(bucket, samples);
            running.add(communicator.allReduceAsync(bucket.name(), bucket.tensor(), ReduceOp.SUM));
        }
        long total = 0;
        for (int i = 0; i < buckets.size(); i++) {
            long start = System.nanoTime();
            communicator.await(running.get(i));
            waitedNanos += System.nanoTime() - start;
            total = drain(buckets.get(i));
        }
        return total;
    }

    /** How long the last {@link #average} waited for the other ranks. */
    long waitedNanos() {
        return waitedNanos;
    }

    private void fill(Bucket bucket, long samples) {
        ByteBuffer bytes = bucket.bytes();
        if (samples == 0) {
            TensorMemory.clear(bytes);
            return;
        }
        DataType type = bucket.plan().type();
        if (type == DataType.FLOAT32) {
            bytes.putFloat(0, (float) samples);
        } else {
            bytes.putDouble(0, (double) samples);
        }
        for (BucketPlan.Slot slot : bucket.plan().slots()) {
            withElements(
                    members.get(slot.entry()),
                    array ->
                            memory.scale(
                                    type,
                                    TensorMemory.bytes(array),
                                    (double) samples,
                                    part(bytes, slot)));
        }
    }

    private long drain(Bucket bucket) {
        ByteBuffer bytes = bucket.bytes();
        DataType type = bucket.plan().type();
        double total = type == DataType.FLOAT32 ? bytes.getFloat(0) : bytes.getDouble(0);
        if (!(total > 0)) {
            throw new IllegalStateException(
                    "No rank has seen a sample since the last step, so there is nothing to average."
                            + " Call forward and backward before step().");
        }
        for (BucketPlan.Slot slot : bucket.plan().slots()) {
            withElements(
                    members.get(slot.entry()),
                    array ->
                            TensorMemory.overwrite(
                                    array,
                                    target ->
                                            memory.scale(
                                                    type, part(bytes, slot), 1 / total, target)));
        }
        return Math.round(total);
    }

    private static ByteBuffer part(ByteBuffer bytes, BucketPlan.Slot slot) {
        return bytes.slice(slot.byteOffset(), slot.byteCount()).order(bytes.order());
    }

    private static void withElements(
            NamedParameter parameter, java.util.function.Consumer<NDArray> action) {
        if (!parameter.isTrained()) {
            action.accept(parameter.array());
            return;
        }
        try (NDArray gradient = parameter.array().getGradient()) {
            action.accept(gradient);
        }
    }
}
