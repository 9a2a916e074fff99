package org.jhorovod.djl;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.WeakHashMap;
import org.jhorovod.allreduce.codec.BucketCodec;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.codec.ErrorFeedback;
import org.jhorovod.allreduce.codec.Exchange;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.djl.local.Sites;

/**
 * Sums buckets in full inside each site, and packed between the sites' carriers; all ranks end with
 * the same bits. Owned by the training thread.
 */
final class PackedReduction {
    private final Communicator job;
    private final Sites sites;
    private final Codec codec;
    private final Optional<Exchange> exchange;
    // Weak: buckets are made anew when other parameters are trained.
    private final Map<GradientBucket, Optional<GradientLayout>> layouts = new WeakHashMap<>();
    // On a carrier.
    private final Map<GradientBucket, BucketCodec> codecs = new WeakHashMap<>();
    // Of the last step: where a bucket weighs gradients by samples, so is what is left of them.
    private final Map<GradientBucket, Long> totals = new WeakHashMap<>();
    private boolean hasReduced; // since residuals were taken

    /**
     * Of one trainer.
     *
     * @param owner the trainer's name on all ranks
     */
    PackedReduction(Communicator job, Sites sites, Codec codec, String owner) {
        this.job = job;
        this.sites = sites;
        this.codec = codec;
        this.exchange = sites.across().map(carriers -> sites.exchange(owner + "/packed"));
    }

    /**
     * Replaces a bucket by the sum over all ranks; a bucket that cannot be packed in full. Blocks
     * until the other ranks have done so too.
     *
     * @param reduction a sum, or an average over the ranks
     * @param total of the samples of all ranks
     */
    void reduce(GradientBucket bucket, Reduction reduction, long total) {
        Optional<GradientLayout> layout = layouts.computeIfAbsent(bucket, GradientBucket::layout);
        if (layout.isEmpty()) {
            job.allReduce(bucket.name(), bucket.tensor(), reduction);
            return;
        }
        hasReduced = true;
        keepWeight(bucket, layout.get(), total);
        ByteBuffer bytes = ((HostTensor) bucket.tensor()).buffers().get(0);
        bytes.order(ByteOrder.nativeOrder());
        layout.get().clearGaps(bytes.asFloatBuffer()); // samples are counted already
        // Not the bucket's own tensor: its memory is registered with all ranks.
        HostTensor tensor = HostTensor.of(DataType.FLOAT32, bytes);
        sites.inside().allReduce(bucket.name(), tensor, sum(reduction));
        exchange.ifPresent(across -> codecOf(bucket, layout.get()).reduce(bytes, across));
        if (sites.inside().size() > 1) {
            sites.inside().broadcast(bucket.name(), tensor, 0);
        }
    }

    /** Weighs what a bucket has not sent as it weighs this step's gradients. */
    private void keepWeight(GradientBucket bucket, GradientLayout layout, long total) {
        Long before = totals.put(bucket, total);
        if (before != null && before != total && !bucket.needsTotal() && exchange.isPresent()) {
            FloatBuffer residual = codecOf(bucket, layout).residual();
            float factor = (float) ((double) total / before);
            for (int i = 0; i < residual.limit(); i++) {
                residual.put(i, residual.get(i) * factor);
            }
        }
    }

    private Reduction sum(Reduction reduction) {
        return reduction.op() == ReduceOp.AVERAGE
                ? new Reduction(
                        ReduceOp.SUM,
                        OptionalDouble.of(reduction.prescale().orElse(1) / job.size()))
                : reduction;
    }

    private BucketCodec codecOf(GradientBucket bucket, GradientLayout layout) {
        return codecs.computeIfAbsent(bucket, b -> codec.open(layout.elements(), ErrorFeedback.ON));
    }

    /**
     * Takes what no carrier has sent yet, as gradients by parameter, the same on all ranks. Blocks
     * until the other ranks have done so too.
     *
     * @param buckets that are reduced now
     * @return empty if nothing has been reduced since the last time
     */
    Optional<KeptElements> takeResiduals(List<GradientBucket> buckets) {
        if (!hasReduced) {
            return Optional.empty(); // on all ranks
        }
        hasReduced = false;
        Map<String, FloatBuffer> taken = new LinkedHashMap<>();
        for (GradientBucket bucket : buckets) {
            layouts.getOrDefault(bucket, Optional.empty())
                    .ifPresent(
                            layout -> {
                                // As the bucket weighs its gradients.
                                long total = totals.getOrDefault(bucket, 1L);
                                double factor = bucket.needsTotal() ? 1 : 1.0 / total;
                                FloatBuffer sums = takeSums(bucket, layout);
                                split(sums, factor, layout.members(), taken);
                            });
        }
        return Optional.of(new KeptElements(taken));
    }

    private FloatBuffer takeSums(GradientBucket bucket, GradientLayout layout) {
        HostTensor sums = HostTensor.allocate(DataType.FLOAT32, layout.elements().elementCount());
        ByteBuffer bytes = sums.buffers().get(0);
        exchange.ifPresent(
                across -> {
                    FloatBuffer residual = codecOf(bucket, layout).residual();
                    bytes.asFloatBuffer().put(residual.duplicate());
                    for (int i = 0; i < residual.limit(); i++) {
                        residual.put(i, 0);
                    }
                    across.allReduce(bytes.duplicate().order(bytes.order()));
                });
        if (sites.inside().size() > 1) {
            sites.inside().broadcast(bucket.name() + "/residual", sums, 0);
        }
        return bytes.asFloatBuffer();
    }

    private static void split(
            FloatBuffer sums,
            double factor,
            List<GradientLayout.Member> members,
            Map<String, FloatBuffer> into) {
        for (GradientLayout.Member member : members) {
            float[] elements = new float[member.elementCount()];
            sums.get(member.firstElement(), elements);
            for (int i = 0; i < elements.length; i++) {
                elements[i] = (float) (elements[i] * factor);
            }
            into.put(member.parameter().name(), FloatBuffer.wrap(elements));
        }
    }
}
