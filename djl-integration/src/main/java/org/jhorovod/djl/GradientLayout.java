package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.codec.BucketLayout;
import org.jhorovod.allreduce.collective.DataType;

/** What a bucket on the host looks like to a codec. */
final class GradientLayout {
    private GradientLayout() {}

    /**
     * The weight in front and the gradients after it.
     *
     * @param members what the plan was made from, in its order
     * @return empty if they are not of float32, or a running statistic is among them, of which
     *     nothing may be left for the next time
     */
    static Optional<BucketLayout> of(BucketPlan.Bucket plan, List<NamedParameter> members) {
        List<BucketLayout.Part> parts = new ArrayList<>();
        parts.add(BucketLayout.Part.ofShape(1));
        for (BucketPlan.Slot slot : plan.slots()) {
            NamedParameter member = members.get(slot.entry());
            if (member.isRunningStatistic()) {
                return Optional.empty();
            }
            parts.add(BucketLayout.Part.ofShape(member.array().getShape().getShape()));
        }
        return plan.type() == DataType.FLOAT32
                ? Optional.of(new BucketLayout(parts))
                : Optional.empty();
    }
}
