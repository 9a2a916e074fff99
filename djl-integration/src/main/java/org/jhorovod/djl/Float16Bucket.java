package org.jhorovod.djl;

import java.nio.ByteBuffer;
import java.util.List;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;

/**
 * A bucket of 16-bit gradients in host memory. Neither a number of samples nor a gradient times it
 * has to fit the type, so the samples are counted beside the bucket, and the reduction weighs each
 * rank's gradients by its part of all samples: but for rounding, no partial sum is larger than the
 * largest gradient.
 */
final class Float16Bucket implements GradientBucket {
    private final String name;
    private final BucketPlan.Bucket plan;
    private final List<NamedParameter> members;
    private final HostTensor tensor;
    private final ByteBuffer bytes;

    /**
     * Allocates the bucket.
     *
     * @param members what the plan was made from, in its order
     */
    Float16Bucket(String name, BucketPlan.Bucket plan, List<NamedParameter> members) {
        this.name = name;
        this.plan = plan;
        this.members = members;
        this.tensor = HostTensor.allocate(plan.type(), plan.elementCount());
        this.bytes = tensor.buffers().get(0);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public HostTensor tensor() {
        return tensor;
    }

    @Override
    public boolean needsTotal() {
        return true;
    }

    @Override
    public Reduction fill(Share share) {
        if (share.samples() == 0) {
            // No product with zero: what is left of the step before may be infinite.
            TensorMemory.clear(bytes.duplicate());
        } else {
            for (BucketPlan.Slot slot : plan.slots()) {
                members.get(slot.entry())
                        .withAveraged(array -> part(slot).put(TensorMemory.bytes(array)));
            }
        }
        return ReduceOp.SUM.prescaledBy(share.weight());
    }

    @Override
    public void drain(long total) {
        for (BucketPlan.Slot slot : plan.slots()) {
            members.get(slot.entry())
                    .withAveraged(
                            array ->
                                    TensorMemory.overwrite(
                                            array, target -> target.put(part(slot))));
        }
    }

    private ByteBuffer part(BucketPlan.Slot slot) {
        return bytes.slice(slot.byteOffset(), slot.byteCount()).order(bytes.order());
    }

    @Override
    public void close() {}
}
