package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.RegisteredMemory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bucket that the gradients are born in: one run of registered memory, of which each parameter's
 * gradient is a part. Nothing is copied; see Note [Where a gradient lies].
 *
 * <p>What else gives a parameter a gradient, as loading a model does, is noticed at the next step.
 */
final class FlatBucket implements GradientBucket {
    private static final Logger logger = LoggerFactory.getLogger(FlatBucket.class);

    private static final long MOST_BYTES = Integer.MAX_VALUE - (64 << 10);

    private final String name;
    private final BucketPlan.Bucket plan;
    private final List<NamedParameter> members;
    private final NativeGradients gradients;
    private final RegisteredMemory memory;
    private final NDArray flat;
    private final ByteBuffer bytes;
    // By slot: the parameter's gradient, held so that it can be told from one that came later.
    private final List<NDArray> held = new ArrayList<>();

    /** Whether one buffer, and so one array, can have as many bytes. */
    static boolean canHold(BucketPlan.Bucket plan) {
        return (long) plan.elementCount() * plan.type().byteCount() <= MOST_BYTES;
    }

    /**
     * Allocates the bucket, on all ranks at the same time.
     *
     * @param members what the plan was made from, in its order; on the host, trained
     */
    static FlatBucket open(
            String name,
            BucketPlan.Bucket plan,
            List<NamedParameter> members,
            NativeGradients gradients,
            Communicator communicator) {
        RegisteredMemory memory = communicator.allocate(name, plan.type(), plan.elementCount());
        try {
            return new FlatBucket(name, plan, members, gradients, memory);
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    private FlatBucket(
            String name,
            BucketPlan.Bucket plan,
            List<NamedParameter> members,
            NativeGradients gradients,
            RegisteredMemory memory) {
        this.name = name;
        this.plan = plan;
        this.members = members;
        this.gradients = gradients;
        this.memory = memory;
        this.bytes = memory.tensor().buffers().get(0);
        NDArray like = array(plan.slots().get(0));
        // The model's, not one of this bucket's: whoever has kept a gradient still may read it.
        this.flat =
                like.getManager()
                        .create(
                                bytes.duplicate().order(bytes.order()),
                                new Shape(plan.elementCount()),
                                like.getDataType());
        for (BucketPlan.Slot slot : plan.slots()) {
            held.add(claim(slot));
        }
    }

    private NDArray array(BucketPlan.Slot slot) {
        return members.get(slot.entry()).array();
    }

    /** Makes a slot the gradient of its parameter, with the elements that the gradient had. */
    private NDArray claim(BucketPlan.Slot slot) {
        NDArray array = array(slot);
        ByteBuffer target = part(slot);
        TensorMemory.clear(target.duplicate()); // it may hold another array's gradient
        if (array.hasGradient()) {
            try (NDArray former = array.getGradient()) {
                // Where there is none yet, DJL makes zeros, of float32 whatever the array's type.
                if (former.getDataType() == array.getDataType()) {
                    target.put(TensorMemory.bytes(former));
                }
            }
        }
        try (NDArray row = flat.get(index(slot));
                NDArray view = row.reshape(array.getShape())) {
            gradients.exchange(array, view);
        }
        return array.getGradient();
    }

    private NDIndex index(BucketPlan.Slot slot) {
        int elementBytes = plan.type().byteCount();
        int first = slot.byteOffset() / elementBytes;
        return new NDIndex(first + ":" + (first + slot.byteCount() / elementBytes));
    }

    private ByteBuffer part(BucketPlan.Slot slot) {
        return bytes.slice(slot.byteOffset(), slot.byteCount()).order(bytes.order());
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public HostTensor tensor() {
        return memory.tensor();
    }

    @Override
    public List<NamedParameter> born() {
        return plan.slots().stream().map(slot -> members.get(slot.entry())).toList();
    }

    @Override
    public Optional<GradientLayout> layout() {
        return GradientLayout.of(plan, members);
    }

    @Override
    public boolean needsTotal() {
        return true;
    }

    @Override
    public Reduction fill(Share share) {
        for (int i = 0; i < held.size(); i++) {
            BucketPlan.Slot slot = plan.slots().get(i);
            if (!gradients.isGradient(array(slot), held.get(i))) {
                held.get(i).close();
                held.set(i, claim(slot));
            }
        }
        if (share.samples() == 0) {
            // No product with zero: what is left of the step before may be infinite.
            TensorMemory.clear(bytes.duplicate());
        }
        // A sum of float16 may be too large before it is divided.
        return share.isEqual() && plan.type() != DataType.FLOAT16
                ? Reduction.of(ReduceOp.AVERAGE)
                : ReduceOp.SUM.prescaledBy(share.weight());
    }

    @Override
    public void drain(long total) {}

    /** Gives the parameters gradients in memory of their own, with the elements that they have. */
    @Override
    public void close() {
        for (int i = 0; i < held.size(); i++) {
            try {
                leave(plan.slots().get(i), held.get(i));
            } catch (IllegalStateException e) {
                logger.trace("the model is closed already", e);
            }
        }
        memory.close();
    }

    private void leave(BucketPlan.Slot slot, NDArray gradient) {
        NDArray array = array(slot);
        if (gradients.isGradient(array, gradient)) {
            try (NDArray own = gradient.duplicate()) {
                gradients.exchange(array, own);
            }
        }
        gradient.close();
    }
}
