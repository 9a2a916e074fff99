package org.jhorovod.allreduce.conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.conformance.ConformanceCase.Program;
import org.jhorovod.allreduce.conformance.ConformanceCase.Scope;
import org.jspecify.annotations.Nullable;

/** All cases, by name. */
public final class ConformanceCases {
    private static final Duration LONG = Duration.ofSeconds(60);

    private ConformanceCases() {}

    /** Those after which the group can go on: all types, operations and sizes. */
    public static List<ConformanceCase> shared() {
        List<ConformanceCase> cases = new ArrayList<>();
        for (DataType type : DataType.values()) {
            for (ReduceOp op : ReduceOp.values()) {
                if (type.supports(op) && op.isElementWise()) {
                    cases.add(shared("all-reduce", type, op, p -> Correct.allReduce(p, type, op)));
                }
            }
            cases.add(shared("broadcast", type, null, p -> Correct.broadcast(p, type)));
            cases.add(shared("all-gather", type, null, p -> Correct.allGather(p, type)));
        }
        for (DataType type : DataType.values()) {
            for (ReduceOp op : List.of(ReduceOp.SUM, ReduceOp.AVERAGE)) {
                if (type.isFloatingPoint()) {
                    cases.add(shared("prescaled", type, op, p -> Correct.prescaled(p, type, op)));
                }
            }
        }
        cases.addAll(withParts());
        cases.addAll(NamedCases.all());
        cases.addAll(NamedRowCases.all());
        cases.addAll(NamedScaleCases.all());
        cases.addAll(NamedAdasumCases.all());
        cases.addAll(NamedSparseCases.all());
        cases.addAll(NamedObjectCases.all());
        cases.addAll(RuntimeCases.all());
        cases.addAll(ProcessSetCases.all());
        cases.add(
                new ConformanceCase(
                        "refused-prescale", Scope.SHARED, LONG, Correct::refusedPrescale));
        cases.add(new ConformanceCase("barrier", Scope.SHARED, LONG, Correct::barrier));
        cases.add(new ConformanceCase("surroundings", Scope.SHARED, LONG, Correct::surroundings));
        cases.add(new ConformanceCase("in-flight", Scope.SHARED, LONG, Correct::inFlight));
        cases.add(
                new ConformanceCase(
                        "several-buffers", Scope.SHARED, LONG, Correct::severalBuffers));
        cases.add(RuntimeCases.joiningAgain());
        return List.copyOf(cases);
    }

    private static List<ConformanceCase> withParts() {
        List<ConformanceCase> cases = new ArrayList<>();
        for (DataType type : DataType.values()) {
            for (ReduceOp op : ReduceOp.values()) {
                if (type.supports(op) && op.isElementWise() && Samples.hasParts(type, op)) {
                    String name = "reduce-scatter";
                    cases.add(shared(name, type, op, p -> CorrectParts.reduceScatter(p, type, op)));
                }
                boolean isScaled = op == ReduceOp.SUM || op == ReduceOp.AVERAGE;
                if (type.isFloatingPoint() && isScaled && Samples.hasParts(type, op)) {
                    String name = "prescaled-reduce-scatter";
                    cases.add(shared(name, type, op, p -> CorrectParts.prescaled(p, type, op)));
                }
            }
            if (Samples.hasParts(type, null)) {
                String name = "unequal-all-gather";
                cases.add(shared(name, type, null, p -> CorrectParts.allGather(p, type)));
                cases.add(shared("all-to-all", type, null, p -> CorrectParts.allToAll(p, type)));
            }
        }
        cases.add(
                new ConformanceCase(
                        "surroundings-of-parts", Scope.SHARED, LONG, CorrectParts::surroundings));
        cases.add(
                new ConformanceCase(
                        "several-buffers-of-parts",
                        Scope.SHARED,
                        LONG,
                        CorrectParts::severalBuffers));
        cases.add(
                new ConformanceCase(
                        "refused-counts", Scope.SHARED, LONG, CorrectParts::refusedCounts));
        return cases;
    }

    private static ConformanceCase shared(
            String collective, DataType type, @Nullable ReduceOp op, Program program) {
        String name = collective + "-" + type + (op == null ? "" : "-" + op);
        return new ConformanceCase(name.toLowerCase(Locale.ROOT), Scope.SHARED, LONG, program);
    }

    /** Those that end their group; each needs one of its own, of two ranks or more. */
    public static List<ConformanceCase> ending() {
        return Failures.cases();
    }

    /** A case that is called so. */
    public static ConformanceCase named(String name) {
        return Stream.concat(shared().stream(), ending().stream())
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no case is called " + name));
    }
}
