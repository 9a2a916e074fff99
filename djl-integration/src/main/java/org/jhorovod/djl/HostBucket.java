package org.jhorovod.djl;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;

/**
 * A bucket in host memory. Each gradient is multiplied by the samples that it is a mean of while it
 * is copied, and their number travels in front: the sums tell the total.
 */
final class HostBucket implements GradientBucket {
    private final String name;
    private final BucketPlan.Bucket plan;
    private final List<NamedParameter> members;
    private final TensorMemory memory;
    private final HostTensor tensor;
    private final ByteBuffer bytes;

    /**
     * Allocates the bucket.
     *
     * @param members what the plan was made from, in its order
     */
    HostBucket(
            String name,
            BucketPlan.Bucket plan,
            List<NamedParameter> members,
            TensorMemory memory) {
        this.name = name;
        this.plan = plan;
        this.members = members;
        this.memory = memory;
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
    public Optional<GradientLayout> layout() {
        return GradientLayout.of(plan, members);
    }

    @Override
    public boolean needsTotal() {
        return false;
    }

    @Override
    public Reduction fill(Share share) {
        if (share.samples() == 0) {
            TensorMemory.clear(bytes.duplicate());
        } else {
            fill(share.samples());
        }
        return Reduction.of(ReduceOp.SUM);
    }

    private void fill(long samples) {
        DataType type = plan.type();
        if (type == DataType.FLOAT32) {
            bytes.putFloat(0, (float) samples);
        } else {
            bytes.putDouble(0, (double) samples);
        }
        for (BucketPlan.Slot slot : plan.slots()) {
            members.get(slot.entry())
                    .withAveraged(
                            array ->
                                    memory.scale(
                                            type,
                                            TensorMemory.bytes(array),
                                            (double) samples,
                                            part(slot)));
        }
    }

    /** The samples of all ranks, once the bucket has been summed. */
    long total() {
        return Math.round(plan.type() == DataType.FLOAT32 ? bytes.getFloat(0) : bytes.getDouble(0));
    }

    @Override
    public void drain(long total) {
        double factor = 1.0 / total;
        for (BucketPlan.Slot slot : plan.slots()) {
            members.get(slot.entry())
                    .withAveraged(
                            array ->
                                    TensorMemory.overwrite(
                                            array,
                                            target ->
                                                    memory.scale(
                                                            plan.type(),
                                                            part(slot),
                                                            factor,
                                                            target)));
        }
    }

    private ByteBuffer part(BucketPlan.Slot slot) {
        return bytes.slice(slot.byteOffset(), slot.byteCount()).order(bytes.order());
    }

    @Override
    public void close() {}
}
