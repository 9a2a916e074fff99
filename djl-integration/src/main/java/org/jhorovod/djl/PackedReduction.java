package org.jhorovod.djl;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.WeakHashMap;
import org.jhorovod.allreduce.codec.BucketCodec;
import org.jhorovod.allreduce.codec.BucketLayout;
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
    private final Map<GradientBucket, Optional<BucketLayout>> layouts = new WeakHashMap<>();
    // On a carrier.
    private final Map<GradientBucket, BucketCodec> codecs = new WeakHashMap<>();

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
     */
    void reduce(GradientBucket bucket, Reduction reduction) {
        Optional<BucketLayout> layout = layouts.computeIfAbsent(bucket, GradientBucket::layout);
        if (layout.isEmpty()) {
            job.allReduce(bucket.name(), bucket.tensor(), reduction);
            return;
        }
        ByteBuffer bytes = ((HostTensor) bucket.tensor()).buffers().get(0);
        bytes.order(ByteOrder.nativeOrder()).putFloat(0, 0); // samples, which are counted already
        // Not the bucket's own tensor: its memory is registered with all ranks.
        HostTensor tensor = HostTensor.of(DataType.FLOAT32, bytes);
        sites.inside().allReduce(bucket.name(), tensor, sum(reduction));
        exchange.ifPresent(across -> codecOf(bucket, layout.get()).reduce(bytes, across));
        if (sites.inside().size() > 1) {
            sites.inside().broadcast(bucket.name(), tensor, 0);
        }
    }

    private Reduction sum(Reduction reduction) {
        return reduction.op() == ReduceOp.AVERAGE
                ? new Reduction(
                        ReduceOp.SUM,
                        OptionalDouble.of(reduction.prescale().orElse(1) / job.size()))
                : reduction;
    }

    private BucketCodec codecOf(GradientBucket bucket, BucketLayout layout) {
        return codecs.computeIfAbsent(bucket, b -> codec.open(layout, ErrorFeedback.ON));
    }
}
