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
    private static final long MEMORY_BYTES = 128 << 20; // twice what tuning tries for a bucket

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
     * What is planned, but not made.
     *
     * @param born parameters whose gradients lie in the memory of their buckets
     * @param memory where these lie, whatever the size of buckets
     * @param ranges of it that are buckets
     * @param copied the other buckets
     */
    record Plans(
            List<NamedParameter> born,
            MemoryPlan memory,
            List<MemoryPlan.Range> ranges,
            List<Copied> copied) {}

    /**
     * Buckets that something is copied to and from.
     *
     * @param what they hold, for the name
     */
    record Copied(String what, List<NamedParameter> parameters, BucketPlan plan) {}

    /**
     * Plans.
     *
     * @param members trained parameters and running statistics, in their order
     * @throws IllegalArgumentException if one cannot be reduced
     */
    Plans plan(List<NamedParameter> members) {
        // Backward comes to the last parameters first, so their gradients travel first.
        List<NamedParameter> lastFirst = Lists.reverse(members);
        List<NamedParameter> trained = lastFirst.stream().filter(p -> p.isTrained()).toList();
        List<NamedParameter> statistics = lastFirst.stream().filter(p -> !p.isTrained()).toList();
        List<NamedParameter> born = trained.stream().filter(p -> isBorn(p)).toList();
        List<NamedParameter> others = trained.stream().filter(p -> !isBorn(p)).toList();
        MemoryPlan memory = MemoryPlan.of(entries(born), (int) memoryBytes());
        return new Plans(
                born,
                memory,
                memory.cut(firstLimitBytes(), limitBytes),
                List.of(copied("gradients", others), copied("statistics", statistics)));
    }

    /** An empty one has nothing to be born in. */
    private boolean isBorn(NamedParameter parameter) {
        return gradients.isPresent()
                && parameter.array().size() > 0
                && MemoryPlan.canHold(entry(parameter));
    }

    /** In pieces, so that where shared memory has little room some of them find it. */
    private long memoryBytes() {
        return Math.min(MemoryPlan.MOST_BYTES, Math.max(MEMORY_BYTES, limitBytes));
    }

    private Copied copied(String what, List<NamedParameter> of) {
        return new Copied(what, of, BucketPlan.of(entries(of), firstLimitBytes(), limitBytes));
    }

    private long firstLimitBytes() {
        return Math.min(limitBytes, FIRST_BUCKET_BYTES);
    }

    private static List<BucketPlan.Entry> entries(List<NamedParameter> parameters) {
        return parameters.stream().map(p -> entry(p)).toList();
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
     * Allocates the memory that has been planned, on all ranks at the same time; leaves nothing if
     * that fails.
     */
    List<GradientMemory> allocate(Plans plans) {
        List<GradientMemory> opened = new ArrayList<>();
        List<MemoryPlan.Memory> memories = plans.memory().memories();
        try {
            for (MemoryPlan.Memory each : memories) {
                String name =
                        "%s/memory-%d-of-%d"
                                .formatted(
                                        nameOf("gradients", plans.born()),
                                        opened.size() + 1,
                                        memories.size());
                NativeGradients known = gradients.orElseThrow();
                opened.add(GradientMemory.open(name, each, plans.born(), known, communicator));
            }
            return List.copyOf(opened);
        } catch (RuntimeException e) {
            opened.forEach(GradientMemory::close);
            throw e;
        }
    }

    /** In the name, so that a rank that has frozen another layer is found by the collective. */
    private String nameOf(String what, List<NamedParameter> parameters) {
        String digest = ParameterDigest.ofDescriptions(parameters).substring(0, 8);
        return "%s/%s-of-%s".formatted(owner, what, digest);
    }

    /**
     * Makes the buckets that have been planned; leaves nothing if that fails.
     *
     * @param memories that are as planned
     * @param fresh parameters that may have no gradient yet
     */
    List<GradientBucket> make(
            Plans plans, List<GradientMemory> memories, Set<NamedParameter> fresh) {
        List<GradientBucket> made = new ArrayList<>();
        try {
            String prefix = nameOf("gradients", plans.born());
            for (MemoryPlan.Range range : plans.ranges()) {
                String name =
                        "%s/%d-of-%d".formatted(prefix, made.size() + 1, plans.ranges().size());
                GradientMemory memory = memories.get(range.memory());
                made.add(new FlatBucket(name, range, plans.born(), memory));
            }
            for (Copied each : plans.copied()) {
                make(each, fresh, made);
            }
            return List.copyOf(made);
        } catch (RuntimeException e) {
            made.forEach(GradientBucket::close);
            throw e;
        }
    }

    private void make(Copied copied, Set<NamedParameter> fresh, List<GradientBucket> made) {
        List<NamedParameter> parameters = copied.parameters();
        String prefix = nameOf(copied.what(), parameters);
        List<BucketPlan.Bucket> plans = copied.plan().buckets();
        for (int i = 0; i < plans.size(); i++) {
            BucketPlan.Bucket plan = plans.get(i);
            FirstGradients.create(
                    plan.slots().stream()
                            .map(slot -> parameters.get(slot.entry()))
                            .filter(fresh::contains)
                            .toList());
            String name = "%s/%d-of-%d".formatted(prefix, i + 1, plans.size());
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
