package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;

/**
 * A bucket in the memory of the parameters' device: one flat array, filled and drained by the
 * device itself, and weighed by the reduction. The host does not wait for the device.
 *
 * <p>The engine computes on the default stream, and so does what fills and drains: the reduction
 * between is ordered by the tensor's stream.
 */
final class DeviceBucket implements GradientBucket {
    private static final long DEFAULT_STREAM = 0;

    private final String name;
    private final BucketPlan.Bucket plan;
    private final List<NamedParameter> members;
    private final NDManager manager;
    private final NDArray flat;
    private final DeviceTensor tensor;

    /**
     * Allocates the bucket on the device of its members.
     *
     * @param members what the plan was made from, in its order; all on one device
     */
    DeviceBucket(String name, BucketPlan.Bucket plan, List<NamedParameter> members) {
        this.name = name;
        this.plan = plan;
        this.members = members;
        NDArray like = members.get(plan.slots().get(0).entry()).array();
        this.manager = like.getManager().newSubManager();
        this.flat =
                manager.zeros(new Shape(plan.elementCount()), like.getDataType(), like.getDevice());
        this.tensor =
                new DeviceTensor(
                        plan.type(),
                        plan.elementCount(),
                        Math.max(0, like.getDevice().getDeviceId()),
                        DeviceAddress.of(flat),
                        DEFAULT_STREAM);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceTensor tensor() {
        return tensor;
    }

    @Override
    public boolean needsTotal() {
        return true;
    }

    @Override
    public Reduction fill(Share share) {
        if (share.samples() == 0) {
            clear();
        } else {
            fill();
        }
        return ReduceOp.SUM.prescaledBy(share.weight());
    }

    /** No product with zero: what is left of the step before may be infinite. */
    private void clear() {
        try (NDArray zeros = flat.zerosLike()) {
            flat.set(new NDIndex("..."), zeros);
        }
    }

    private void fill() {
        for (BucketPlan.Slot slot : plan.slots()) {
            members.get(slot.entry())
                    .withAveraged(
                            array -> {
                                try (NDArray row = array.reshape(-1)) {
                                    flat.set(index(slot), row);
                                }
                            });
        }
    }

    @Override
    public void drain(long total) {
        for (BucketPlan.Slot slot : plan.slots()) {
            members.get(slot.entry())
                    .withAveraged(
                            array -> {
                                try (NDArray part = flat.get(index(slot));
                                        NDArray shaped = part.reshape(array.getShape())) {
                                    array.set(new NDIndex("..."), shaped);
                                }
                            });
        }
    }

    private NDIndex index(BucketPlan.Slot slot) {
        DataType type = plan.type();
        int first = slot.byteOffset() / type.byteCount();
        int end = first + slot.byteCount() / type.byteCount();
        return new NDIndex(first + ":" + end);
    }

    @Override
    public void close() {
        manager.close();
    }
}
