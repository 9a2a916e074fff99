package org.jhorovod.allreduce.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.conformance.ConformanceCase.Scope;
import org.jspecify.annotations.Nullable;

/** How many elements and cases there are: all in the long form ({@code -Plong}), or fewer. */
final class Samples {
    static final String LONG_PROPERTY = "jhorovod.test.long";
    static final boolean IS_LONG = Boolean.getBoolean(LONG_PROPERTY);
    private static final long LARGE = 1_000_003;
    private static final long LESS_LARGE = 70_001;
    private static final long LARGE_FOR_MANY_RANKS = 20_011;
    private static final long SEVERAL_SEGMENTS = 140_003; // in each chunk of 4 ranks, over sockets
    private static final int FEW_RANKS = 3;

    private Samples() {}

    /** The edges of an even division by {@code size}, and one that fills many segments. */
    static List<Long> counts(int size, DataType type, ReduceOp op) {
        boolean isCommonest = type == DataType.FLOAT32 && op == ReduceOp.SUM;
        return Stream.of(0L, 1L, size - 1L, (long) size, size + 1L, large(isCommonest, size))
                .distinct()
                .toList();
    }

    private static long large(boolean isCommonest, int size) {
        if (IS_LONG || (isCommonest && size <= FEW_RANKS)) {
            return LARGE;
        }
        if (isCommonest) {
            return SEVERAL_SEGMENTS;
        }
        return size <= FEW_RANKS ? LESS_LARGE : LARGE_FOR_MANY_RANKS;
    }

    /** Whether parts of such elements are in the short form, reduced or (null) only moved. */
    static boolean hasParts(DataType type, @Nullable ReduceOp op) {
        boolean isInSample =
                switch (type) {
                    case FLOAT32 -> op == null || op == ReduceOp.SUM || op == ReduceOp.AVERAGE;
                    case FLOAT16 -> op == ReduceOp.SUM;
                    case INT8 -> op == null || op == ReduceOp.AVERAGE;
                    case FLOAT64 -> op == ReduceOp.MIN;
                    default -> false;
                };
        return IS_LONG || isInSample;
    }

    /** How many elements the parts of ranks have: even, uneven, with and without empty ones. */
    static List<long[]> parts(int size, DataType type, ReduceOp op) {
        List<long[]> parts = new ArrayList<>();
        for (long count : counts(size, type, op)) {
            if (IS_LONG || type == DataType.FLOAT32 || !isLarge(count)) {
                parts.add(Parts.even(count, size).counts());
            }
        }
        for (long unit : IS_LONG ? List.of(1L, 977L, LARGE / size) : List.of(1L, 5000L)) {
            parts.add(
                    LongStream.range(0, size)
                            .map(r -> r % 3 == 1 ? 0 : (r + 1) * unit + r)
                            .toArray());
        }
        parts.add(LongStream.range(0, size).map(r -> r == size - 1 ? 977 : 0).toArray());
        return parts;
    }

    /** How many elements go from each rank to each other one, about. */
    static List<Long> units(DataType type) {
        boolean isCommonest = type == DataType.FLOAT32;
        return IS_LONG || isCommonest ? List.of(0L, 1L, 977L, LESS_LARGE) : List.of(0L, 1L, 977L);
    }

    /** Of the cases that fail, those with a death and every third of the others. */
    static List<ConformanceCase> ofFailures(List<ConformanceCase> cases) {
        return IntStream.range(0, cases.size())
                .filter(i -> IS_LONG || i % 3 == 0 || cases.get(i).scope() == Scope.KILLS_LAST_RANK)
                .mapToObj(cases::get)
                .toList();
    }

    /** Of the cases that fail, every third of the mismatches, and all others. */
    static List<ConformanceCase> withFewerMismatches(List<ConformanceCase> cases) {
        return IntStream.range(0, cases.size())
                .filter(i -> IS_LONG || i % 3 == 0 || !Failures.isMismatchOfCalls(cases.get(i)))
                .mapToObj(cases::get)
                .toList();
    }

    /** Whether checking these elements on one rank is enough, as all have been found equal. */
    static boolean isLarge(long count) {
        return count >= LARGE_FOR_MANY_RANKS;
    }
}
