package org.jhorovod.djl.local;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.codec.BucketCodec;
import org.jhorovod.allreduce.codec.BucketLayout;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.allreduce.codec.ErrorFeedback;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;

/**
 * Parameters that the sites agree on together. Used by the training thread, and by the carrier's
 * from {@link #take} to {@link #settle}.
 */
final class Fragment {
    private static final int BLOCK = 4096;
    private static final Codec IN_FULL = Codecs.parse("none");

    private final List<Elements> members;
    private final int elementCount;
    private final Codec codec;
    private final OuterOptimizer optimizer;
    private final float[] common; // what all sites had when they agreed last
    private final float[] velocity; // empty without momentum
    private final float[] taken; // this site's when its change was taken; empty where none steps on
    private final ByteBuffer change;
    private final float[] block = new float[BLOCK];
    private final float[] other = new float[BLOCK];
    private long samples;

    /**
     * Of these parameters, which all ranks have alike.
     *
     * @param codec by which its changes travel between sites
     * @param optimizer that takes the mean change
     * @param stepsOn whether steps are made between {@link #take} and {@link #settle}
     */
    Fragment(List<Elements> members, Codec codec, OuterOptimizer optimizer, boolean stepsOn) {
        this.members = List.copyOf(members);
        this.elementCount = elementCount(members);
        this.codec = codec;
        this.optimizer = optimizer;
        this.common = new float[elementCount];
        this.velocity = new float[optimizer.hasMomentum() ? elementCount : 0];
        this.taken = new float[stepsOn ? elementCount : 0];
        this.change =
                ByteBuffer.allocateDirect(Math.multiplyExact(elementCount, Float.BYTES))
                        .order(ByteOrder.nativeOrder());
        FloatBuffer target = FloatBuffer.wrap(common);
        members.forEach(member -> member.read(target));
    }

    private static int elementCount(List<Elements> members) {
        long count = members.stream().mapToLong(Elements::count).sum();
        if (count > Integer.MAX_VALUE / Float.BYTES) {
            throw new IllegalArgumentException(
                    "The parameters from '%s' to '%s' have %,d elements together, more than a fragment can have. Ask for more fragments (JHOROVOD_FRAGMENTS)."
                            .formatted(
                                    members.get(0).name(),
                                    members.get(members.size() - 1).name(),
                                    count));
        }
        return (int) count;
    }

    /** A codec at work on its changes, with error feedback. */
    BucketCodec openCodec() {
        return codec.open(layout(), ErrorFeedback.ON);
    }

    private BucketLayout layout() {
        return BucketLayout.ofShapes(members.stream().map(Elements::shape).toArray(long[][]::new));
    }

    /** Whether its codec makes fewer bytes of it. */
    boolean isPacked() {
        return !codec.equals(IN_FULL);
    }

    /** How many bytes one carrier sends of it in a round. */
    long bytesSent(boolean isPacked, int carriers) {
        return (isPacked ? codec : IN_FULL).bytesSent(layout(), carriers);
    }

    int elementCount() {
        return elementCount;
    }

    /** What the outer optimizer remembers, by parameter. */
    Map<String, FloatBuffer> velocities() {
        Map<String, FloatBuffer> velocities = new LinkedHashMap<>();
        int start = 0;
        for (Elements member : members) {
            if (velocity.length > 0) {
                velocities.put(
                        member.name(), FloatBuffer.wrap(velocity, start, member.count()).slice());
            }
            start += member.count();
        }
        return velocities;
    }

    /** Counts samples that this site's next change comes from. */
    void count(long more) {
        samples += more;
    }

    /** The samples since the change was taken last. */
    long samples() {
        return samples;
    }

    /** Takes this site's change since the ranks agreed last. */
    void take() {
        samples = 0;
        FloatBuffer changes = change.asFloatBuffer();
        read(changes);
        for (int start = 0; start < elementCount; start += BLOCK) {
            int count = Math.min(BLOCK, elementCount - start);
            changes.get(start, block, 0, count);
            if (taken.length > 0) {
                System.arraycopy(block, 0, taken, start, count);
            }
            for (int i = 0; i < count; i++) {
                block[i] = common[start + i] - block[i];
            }
            changes.put(start, block, 0, count);
        }
    }

    private void read(FloatBuffer target) {
        FloatBuffer cursor = target.duplicate();
        members.forEach(member -> member.read(cursor));
    }

    /** Weighs the change that was taken. */
    void weigh(double weight) {
        if (weight == 1) {
            return;
        }
        FloatBuffer changes = change.asFloatBuffer();
        for (int start = 0; start < elementCount; start += BLOCK) {
            int count = Math.min(BLOCK, elementCount - start);
            changes.get(start, block, 0, count);
            for (int i = 0; i < count; i++) {
                block[i] = (float) (block[i] * weight);
            }
            changes.put(start, block, 0, count);
        }
    }

    /** Adds to the change what has not been sent yet, of which nothing is left then. */
    void addResidual(FloatBuffer residual) {
        FloatBuffer changes = change.asFloatBuffer();
        for (int i = 0; i < residual.limit(); i++) {
            changes.put(i, changes.get(i) + residual.get(i));
            residual.put(i, 0);
        }
    }

    /** The change, in place: this site's, or the mean of all once they have agreed. */
    ByteBuffer change() {
        return change.duplicate().order(ByteOrder.nativeOrder());
    }

    /** The same as a tensor. */
    HostTensor tensor() {
        return HostTensor.of(DataType.FLOAT32, change());
    }

    /**
     * Moves the common parameters by the mean change, and gives them to the model.
     *
     * @param keepsSteps whether this site has stepped on since its change was taken: what it has
     *     learnt meanwhile stays
     * @param averages whether they become the mean of the sites', whatever the optimizer
     */
    void settle(boolean keepsSteps, boolean averages) {
        OuterOptimizer mover = averages ? OuterOptimizer.average() : optimizer;
        FloatBuffer changes = change.asFloatBuffer();
        for (int start = 0; start < elementCount; start += BLOCK) {
            int count = Math.min(BLOCK, elementCount - start);
            changes.get(start, block, 0, count);
            mover.update(common, velocity, start, block, count);
        }
        if (keepsSteps) {
            addSteps(changes);
        } else {
            changes.put(0, common);
        }
        members.forEach(member -> member.write(changes));
    }

    /** Puts the common parameters and what this site has moved since its change was taken. */
    private void addSteps(FloatBuffer target) {
        read(target);
        for (int start = 0; start < elementCount; start += BLOCK) {
            int count = Math.min(BLOCK, elementCount - start);
            target.get(start, other, 0, count);
            for (int i = 0; i < count; i++) {
                float moved = other[i] - taken[start + i];
                // Not the sum where nothing has moved: it is not the same zero.
                other[i] = moved == 0 ? common[start + i] : common[start + i] + moved;
            }
            target.put(start, other, 0, count);
        }
    }
}
