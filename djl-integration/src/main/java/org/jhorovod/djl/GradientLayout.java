package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.codec.BucketLayout;
import org.jhorovod.allreduce.collective.DataType;

/**
 * What a bucket on the host looks like to a codec.
 *
 * @param elements the weight in front and the gradients after it
 * @param members whose gradients these are, in their order
 */
record GradientLayout(BucketLayout elements, List<NamedParameter> members) {

    /**
     * Of a bucket.
     *
     * @param planned what the plan was made from, in its order
     * @return empty if they are not of float32, or a running statistic is among them, of which
     *     nothing may be left for the next time
     */
    static Optional<GradientLayout> of(BucketPlan.Bucket plan, List<NamedParameter> planned) {
        List<NamedParameter> members = new ArrayList<>();
        List<BucketLayout.Part> parts = new ArrayList<>();
        parts.add(BucketLayout.Part.ofShape(1));
        for (BucketPlan.Slot slot : plan.slots()) {
            NamedParameter member = planned.get(slot.entry());
            if (member.isRunningStatistic()) {
                return Optional.empty();
            }
            members.add(member);
            parts.add(BucketLayout.Part.ofShape(member.array().getShape().getShape()));
        }
        return plan.type() == DataType.FLOAT32
                ? Optional.of(new GradientLayout(new BucketLayout(parts), List.copyOf(members)))
                : Optional.empty();
    }
}
