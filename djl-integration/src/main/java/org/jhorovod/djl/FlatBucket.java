package org.jhorovod.djl;

import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;

/**
 * A bucket that the gradients are born in: a range of their memory, which others may share, and
 * which outlives it. Nothing is copied; see Note [Where a gradient lies].
 *
 * <p>What else gives a parameter a gradient, as loading a model does, is noticed at the next step.
 */
final class FlatBucket implements GradientBucket {
    private final String name;
    private final MemoryPlan.Range range;
    private final List<NamedParameter> members;
    private final GradientMemory memory;
    private final HostTensor tensor;

    /**
     * Over a part of a memory, which is closed by whoever opened it.
     *
     * @param members what the plan was made from, in its order
     */
    FlatBucket(
            String name,
            MemoryPlan.Range range,
            List<NamedParameter> members,
            GradientMemory memory) {
        this.name = name;
        this.range = range;
        this.members = members;
        this.memory = memory;
        this.tensor = memory.tensor(range.firstSlot(), range.bucket().elementCount());
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
    public List<NamedParameter> born() {
        return range.bucket().slots().stream().map(slot -> members.get(slot.entry())).toList();
    }

    @Override
    public Optional<GradientLayout> layout() {
        return GradientLayout.of(range.bucket(), members);
    }

    @Override
    public boolean needsTotal() {
        return true;
    }

    @Override
    public Reduction fill(Share share) {
        for (int i = 0; i < range.bucket().slots().size(); i++) {
            memory.keep(range.firstSlot() + i);
        }
        if (share.samples() == 0) {
            // No product with zero: what is left of the step before may be infinite.
            tensor.buffers().forEach(part -> TensorMemory.clear(part.duplicate()));
        }
        // A sum of float16 may be too large before it is divided.
        return share.isEqual() && range.bucket().type() != DataType.FLOAT16
                ? Reduction.of(ReduceOp.AVERAGE)
                : ReduceOp.SUM.prescaledBy(share.weight());
    }

    @Override
    public void drain(long total) {}

    @Override
    public void close() {}
}
