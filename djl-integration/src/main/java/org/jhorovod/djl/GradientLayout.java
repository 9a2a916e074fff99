package org.jhorovod.djl;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.codec.BucketLayout;
import org.jhorovod.allreduce.collective.DataType;

/**
 * What a bucket on the host looks like to a codec.
 *
 * @param elements all of them: gradients, and what is in front of, between and behind them
 * @param members whose gradients these are, in their order
 */
record GradientLayout(BucketLayout elements, List<Member> members) {

    /**
     * A gradient's place.
     *
     * @param firstElement index in the bucket
     */
    record Member(NamedParameter parameter, int firstElement) {
        int elementCount() {
            return Math.toIntExact(parameter.array().size());
        }
    }

    GradientLayout {
        members = List.copyOf(members);
    }

    /**
     * Of a bucket.
     *
     * @param planned what the plan was made from, in its order
     * @return empty if they are not of float32, or a running statistic is among them, of which
     *     nothing may be left for the next time
     */
    static Optional<GradientLayout> of(BucketPlan.Bucket plan, List<NamedParameter> planned) {
        if (plan.type() != DataType.FLOAT32) {
            return Optional.empty();
        }
        List<Member> members = new ArrayList<>();
        List<BucketLayout.Part> parts = new ArrayList<>();
        int end = 0;
        for (BucketPlan.Slot slot : plan.slots()) {
            NamedParameter member = planned.get(slot.entry());
            if (member.isRunningStatistic()) {
                return Optional.empty();
            }
            int first = slot.byteOffset() / Float.BYTES;
            addGap(end, first, parts);
            members.add(new Member(member, first));
            parts.add(BucketLayout.Part.ofShape(member.array().getShape().getShape()));
            end = first + slot.byteCount() / Float.BYTES;
        }
        addGap(end, plan.elementCount(), parts);
        return Optional.of(new GradientLayout(new BucketLayout(parts), members));
    }

    private static void addGap(int from, int to, List<BucketLayout.Part> parts) {
        if (to > from) {
            parts.add(BucketLayout.Part.ofShape(to - from));
        }
    }

    /** Puts zeros where no gradient is: samples, and what a codec has made of zeros. */
    void clearGaps(FloatBuffer bucket) {
        int end = 0;
        for (Member member : members) {
            clear(bucket, end, member.firstElement());
            end = member.firstElement() + member.elementCount();
        }
        clear(bucket, end, elements.elementCount());
    }

    private static void clear(FloatBuffer bucket, int from, int to) {
        for (int i = from; i < to; i++) {
            bucket.put(i, 0);
        }
    }
}
