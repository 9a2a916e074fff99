package org.jhorovod.allreduce.conformance;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.conformance.Failures.Call;

/** What ranks are told when they disagree on collectives with a part for each rank. */
final class FailuresOfParts {
    private static final int TOTAL = 40;

    private FailuresOfParts() {}

    /** Of those that find the same in another way, the short form has none. */
    static List<ConformanceCase> cases() {
        List<ConformanceCase> sample = List.of(countsOfReduceScatter(), countsOfAllToAll());
        return Samples.IS_LONG
                ? Stream.concat(sample.stream(), others().stream()).toList()
                : sample;
    }

    private static ConformanceCase countsOfReduceScatter() {
        return Failures.mismatch(
                "parts",
                (c, place) -> reduceScatter(c, place, ReduceOp.SUM, even(c)),
                (c, place) -> reduceScatter(c, place, ReduceOp.SUM, lastHasAll(c)),
                "reduce-scatter SUM of 'w' FLOAT32[40] in parts [",
                "0, 40]");
    }

    private static ConformanceCase countsOfAllToAll() {
        return Failures.mismatch(
                "exchange",
                (c, place) -> allToAll(c, zeros(place, 3 * c.size()), zeros(place, 3 * c.size())),
                (c, place) -> {
                    // One more for rank 0 than it expects.
                    long[] sent = threeEach(c);
                    sent[0]++;
                    Tensor input = zeros(place, 3 * c.size() + 1);
                    Tensor output = zeros(place, 3 * c.size());
                    c.allToAll("w", input, sent, output, threeEach(c));
                },
                "all-to-all of 'w' FLOAT32",
                "rank 1 sends 4 elements to rank 0",
                "rank 0 expects 3 from rank 1");
    }

    private static ConformanceCase kindOfParts() {
        return Failures.mismatch(
                "kind-of-parts",
                (c, place) -> allToAll(c, zeros(place, 3 * c.size()), zeros(place, 3 * c.size())),
                (c, place) -> reduceScatter(c, place, ReduceOp.SUM, even(c)),
                "all-to-all of 'w' FLOAT32",
                "reduce-scatter SUM of 'w' FLOAT32[40]");
    }

    private static List<ConformanceCase> others() {
        Call sum = (c, place) -> reduceScatter(c, place, ReduceOp.SUM, even(c));
        return List.of(
                kindOfParts(),
                Failures.mismatch(
                        "operation-of-parts",
                        sum,
                        (c, place) -> reduceScatter(c, place, ReduceOp.MAX, even(c)),
                        "reduce-scatter SUM",
                        "reduce-scatter MAX"),
                Failures.mismatch(
                        "prescale-of-parts",
                        sum,
                        (c, place) -> reduceScatter(c, place, ReduceOp.SUM.prescaledBy(2), even(c)),
                        "reduce-scatter SUM",
                        "reduce-scatter prescaled SUM"),
                Failures.mismatch(
                        "type-of-parts",
                        (c, place) -> gather(c, zeros(place, own(c)), zeros(place, TOTAL), even(c)),
                        (c, place) ->
                                gather(
                                        c,
                                        Failures.integers(place, own(c)),
                                        Failures.integers(place, TOTAL),
                                        even(c)),
                        "unequal all-gather of 'w' FLOAT32[40]",
                        "unequal all-gather of 'w' INT32[40]"),
                Failures.mismatch(
                        "parts-of-gather",
                        (c, place) -> gather(c, zeros(place, own(c)), zeros(place, TOTAL), even(c)),
                        (c, place) -> {
                            long[] counts = lastHasAll(c);
                            int mine = (int) counts[c.rank()];
                            gather(c, zeros(place, mine), zeros(place, TOTAL), counts);
                        },
                        "in parts [",
                        "0, 40]"),
                Failures.mismatch(
                        "form-of-gather",
                        (c, place) -> gather(c, zeros(place, own(c)), zeros(place, TOTAL), even(c)),
                        (c, place) ->
                                c.allGather("w", zeros(place, 10), zeros(place, 10 * c.size())),
                        "unequal all-gather of 'w'",
                        "called all-gather of 'w'"));
    }

    private static Tensor zeros(TensorPlace place, int count) {
        return Failures.zeros(place, count);
    }

    private static long[] even(Communicator c) {
        return Parts.even(TOTAL, c.size()).counts();
    }

    private static int own(Communicator c) {
        return (int) even(c)[c.rank()];
    }

    private static long[] lastHasAll(Communicator c) {
        long[] counts = new long[c.size()];
        counts[c.size() - 1] = TOTAL;
        return counts;
    }

    private static long[] threeEach(Communicator c) {
        long[] counts = new long[c.size()];
        Arrays.fill(counts, 3);
        return counts;
    }

    private static void reduceScatter(
            Communicator c, TensorPlace place, ReduceOp op, long[] counts) {
        reduceScatter(c, place, Reduction.of(op), counts);
    }

    private static void reduceScatter(
            Communicator c, TensorPlace place, Reduction reduction, long[] counts) {
        Tensor output = zeros(place, (int) counts[c.rank()]);
        c.reduceScatter("w", zeros(place, TOTAL), output, reduction, counts);
    }

    private static void gather(Communicator c, Tensor input, Tensor output, long[] counts) {
        c.allGather("w", input, output, counts);
    }

    private static void allToAll(Communicator c, Tensor input, Tensor output) {
        c.allToAll("w", input, threeEach(c), output, threeEach(c));
    }
}
