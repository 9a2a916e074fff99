package org.jhorovod.djl;

import com.google.common.collect.Lists;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;

/** Makes the buckets that fit where gradients lie and how they can be reached. */
final class BucketMaker {
    private static final long FIRST_BUCKET_BYTES = 1 << 20;

    private final Communicator communicator;
    private final String owner;
    private final long limitBytes;
    private final boolean usesDevice;
    private final Optional<NativeGradients> gradients;
    private final TensorMemory memory = new TensorMemory();

    /**
     * Creates it for one trainer.
     *
     * @param owner the trainer's name on all ranks
     * @param limitBytes how large a bucket of several parameters may grow
     * @param usesDevice whether gradients are reduced on their device
     * @param gradients by which gradients are born in their buckets; empty where they are copied
     */
    BucketMaker(
            Communicator communicator,
            String owner,
            long limitBytes,
            boolean usesDevice,
            Optional<NativeGradients> gradients) {
        this.communicator = communicator;
        this.owner = owner;
        this.limitBytes = limitBytes;
        this.usesDevice = usesDevice;
        this.gradients = gradients;
    }

    /**
     * The buckets of some parameters, planned but not made.
     *
     * @param what they hold, for the name
     */
    record Plans(String what, List<NamedParameter> parameters, BucketPlan plan) {}

    /**
     * Plans.
     *
     * @param members trained parameters and running statistics, in their order
     * @throws IllegalArgumentException if one cannot be reduced
     */
    List<Plans> plan(List<NamedParameter> members) {
        List<NamedParameter> trained = members.stream().filter(p -> p.isTrained()).toList();
        List<NamedParameter> statistics = members.stream().filter(p -> !p.isTrained()).toList();
        return List.of(plan("gradients", trained), plan("statistics", statistics));
    }

    /** Backward comes to the last parameters first, so their gradients travel first. */
    private Plans plan(String what, List<NamedParameter> of) {
        List<NamedParameter> lastFirst = Lists.reverse(of);
        List<BucketPlan.Entry> entries = lastFirst.stream().map(p -> entry(p)).toList();
        long first = Math.min(limitBytes, FIRST_BUCKET_BYTES);
        return new Plans(what, lastFirst, BucketPlan.of(entries, first, limitBytes));
    }

    private static BucketPlan.Entry entry(NamedParameter parameter) {
        DataType type =
                switch (parameter.array().getDataType()) {
                    case FLOAT32 -> DataType.FLOAT32;
                    case FLOAT64 -> DataType.FLOAT64;
                    case FLOAT16 -> DataType.FLOAT16;
                    default ->
                            throw new IllegalArgumentException(
                                    "Parameter '%s' cannot be trained over several ranks: only FLOAT32, FLOAT64 and FLOAT16 can (a conversion to BFLOAT16 ends DJL's process). Change the model's data type, or freeze the parameter."
                                            .formatted(parameter.describe()));
                };
        return new BucketPlan.Entry(parameter.name(), type, parameter.array().size());
    }

    /**
     * Makes what has been planned, on all ranks at the same time; leaves nothing if that fails.
     *
     * @param fresh parameters that may have no gradient yet
     */
    List<GradientBucket> make(List<Plans> planned, Set<NamedParameter> fresh) {
        List<GradientBucket> made = new ArrayList<>();
        try {
            for (Plans plans : planned) {
                make(plans, fresh, made);
            }
            return List.copyOf(made);
        } catch (RuntimeException e) {
            made.forEach(GradientBucket::close);
            throw e;
        }
    }

    private void make(Plans plans, Set<NamedParameter> fresh, List<GradientBucket> made) {
        List<NamedParameter> parameters = plans.parameters();
        // In the name, so that a rank that has frozen another layer is found by the collective.
        String digest = ParameterDigest.ofDescriptions(parameters).substring(0, 8);
        int count = plans.plan().buckets().size();
        for (int i = 0; i < count; i++) {
            String name =
                    "%s/%s-of-%s/%d-of-%d".formatted(owner, plans.what(), digest, i + 1, count);
            BucketPlan.Bucket plan = plans.plan().buckets().get(i);
            boolean isBorn =
                    gradients.isPresent()
                            && plans.what().equals("gradients")
                            && FlatBucket.canHold(plan);
            if (isBorn) {
                made.add(FlatBucket.open(name, plan, parameters, gradients.get(), communicator));
                continue;
            }
            FirstGradients.create(
                    plan.slots().stream()
                            .map(slot -> parameters.get(slot.entry()))
                            .filter(fresh::contains)
                            .toList());
            made.add(copied(name, plan, parameters));
        }
    }

    private GradientBucket copied(
            String name, BucketPlan.Bucket plan, List<NamedParameter> parameters) {
        if (usesDevice) {
            return new DeviceBucket(name, plan, parameters);
        }
        return plan.type() == DataType.FLOAT16
                ? new Float16Bucket(name, plan, parameters)
                : new HostBucket(name, plan, parameters, memory);
    }
}
