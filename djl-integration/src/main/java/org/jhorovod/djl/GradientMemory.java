package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.RegisteredMemory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Registered memory that gradients of one type are born in: each has its place there until this is
 * closed, whatever buckets it travels in. See Note [Where a gradient lies].
 *
 * <p>Owned by the training thread. A gradient that a program has kept may be read until the model
 * is closed.
 */
final class GradientMemory implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(GradientMemory.class);

    private final MemoryPlan.Memory plan;
    private final List<NamedParameter> members;
    private final NativeGradients gradients;
    private final RegisteredMemory memory;
    private final NDArray flat;
    private final ByteBuffer bytes;
    // By slot: the parameter's gradient, held so that it can be told from one that came later.
    private final List<NDArray> held = new ArrayList<>();

    /**
     * Allocates it, on all ranks at the same time.
     *
     * @param members what the plan was made from, in its order; on the host, trained
     */
    static GradientMemory open(
            String name,
            MemoryPlan.Memory plan,
            List<NamedParameter> members,
            NativeGradients gradients,
            Communicator communicator) {
        int elementCount = plan.byteCount() / plan.type().byteCount();
        RegisteredMemory memory = communicator.allocate(name, plan.type(), elementCount);
        try {
            return new GradientMemory(plan, members, gradients, memory);
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    private GradientMemory(
            MemoryPlan.Memory plan,
            List<NamedParameter> members,
            NativeGradients gradients,
            RegisteredMemory memory) {
        this.plan = plan;
        this.members = members;
        this.gradients = gradients;
        this.memory = memory;
        this.bytes = memory.tensor().buffers().get(0);
        NDArray like = array(plan.slots().get(0));
        // The model's, not one of this memory's: whoever has kept a gradient still may read it.
        this.flat =
                like.getManager()
                        .create(
                                bytes.duplicate().order(bytes.order()),
                                new Shape(plan.byteCount() / plan.type().byteCount()),
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
        ByteBuffer target = bytes.slice(slot.byteOffset(), slot.byteCount()).order(bytes.order());
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

    /** Makes a slot its parameter's gradient again, where something else has become that. */
    void keep(int slot) {
        BucketPlan.Slot place = plan.slots().get(slot);
        if (!gradients.isGradient(array(place), held.get(slot))) {
            held.get(slot).close();
            held.set(slot, claim(place));
        }
    }

    /** What lies in a bucket, from one of the slots on. */
    HostTensor tensor(int firstSlot, int elementCount) {
        return memory.slice(plan.type(), plan.slots().get(firstSlot).byteOffset(), elementCount);
    }

    /** Gives the parameters gradients in memory of their own, with the elements that they have. */
    @Override
    public void close() {
        for (int i = 0; i < held.size(); i++) {
            try {
                leave(array(plan.slots().get(i)), held.get(i));
            } catch (IllegalStateException e) {
                logger.trace("the model is closed already", e);
            }
        }
        memory.close();
    }

    private void leave(NDArray array, NDArray gradient) {
        if (gradients.isGradient(array, gradient)) {
            try (NDArray own = gradient.duplicate()) {
                gradients.exchange(array, own);
            }
        }
        gradient.close();
    }
}
