package org.jhorovod.allreduce.conformance;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.conformance.ConformanceCase.Scope;

/** How many elements and cases there are: all in the long form ({@code -Plong}), or fewer. */
final class Samples {
    static final String LONG_PROPERTY = "jhorovod.test.long";
    static final boolean IS_LONG = Boolean.getBoolean(LONG_PROPERTY);
    private static final long LARGE = 1_000_003;
    private static final long LESS_LARGE = 70_001;

    private Samples() {}

    /** The edges of an even division by {@code size}, and one that fills many segments. */
    static List<Long> counts(int size, DataType type, ReduceOp op) {
        boolean isCommonest = type == DataType.FLOAT32 && op == ReduceOp.SUM && size <= 3;
        return Stream.of(0L, 1L, size - 1L, (long) size, size + 1L, large(isCommonest))
                .distinct()
                .toList();
    }

    private static long large(boolean isCommonest) {
        return IS_LONG || isCommonest ? LARGE : LESS_LARGE;
    }

    /** Of the cases that fail, those with a death and every third of the others. */
    static List<ConformanceCase> ofFailures(List<ConformanceCase> cases) {
        return IntStream.range(0, cases.size())
                .filter(i -> IS_LONG || i % 3 == 0 || cases.get(i).scope() == Scope.KILLS_LAST_RANK)
                .mapToObj(cases::get)
                .toList();
    }

    /** Whether checking these elements on one rank is enough, as all have been found equal. */
    static boolean isLarge(long count) {
        return count >= LESS_LARGE;
    }
}
