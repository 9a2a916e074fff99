package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.jhorovod.allreduce.NamedTensors.firstInt;
import static org.jhorovod.allreduce.NamedTensors.ints;
import static org.jhorovod.allreduce.NamedTensors.rows;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ObjectCodec;
import org.jhorovod.allreduce.collective.ProcessSet;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.SparseRows;
import org.jhorovod.allreduce.collective.TensorShape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Calls by name that fail for their arguments on one rank alone, while the others wait for it. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class NamedRefusalTest {
    private static final int BAD = 1; // the rank whose arguments are wrong
    private static final Reduction SUM = Reduction.of(ReduceOp.SUM);

    private static final ObjectCodec<String> PICKY =
            new ObjectCodec<>() {
                @Override
                public byte[] encode(String value) {
                    if (value.equals("odd")) {
                        throw new UnsupportedOperationException("no odd texts");
                    }
                    return new byte[Integer.parseInt(value)];
                }

                @Override
                public String decode(byte[] bytes) {
                    return String.valueOf(bytes.length);
                }
            };
    private static final String TOO_LARGE = String.valueOf(NamedCommunicator.MAX_OBJECT_BYTES + 1);

    /**
     * A call, of which the arguments are wrong where asked for.
     *
     * @param name of it, or a name of it in the error
     * @param reason that the error has on all ranks
     */
    private record Case(String what, String name, String reason, Call call) {
        @Override
        public String toString() {
            return what;
        }
    }

    private interface Call {
        CompletableFuture<?> on(NamedCommunicator c, boolean isWrong);
    }

    private static Stream<Case> cases() {
        return Stream.concat(objects(), tensors());
    }

    private static Stream<Case> objects() {
        return Stream.of(
                new Case(
                        "a root's object that is too large",
                        "'o'",
                        "has 67108865 bytes, but an object may have at most 67108864",
                        (c, isWrong) ->
                                c.broadcastObjectAsync("o", isWrong ? TOO_LARGE : "3", PICKY, BAD)),
                new Case(
                        "a root without an object",
                        "'o'",
                        "has none: it is null",
                        (c, isWrong) ->
                                c.broadcastObjectAsync("o", isWrong ? null : "3", PICKY, BAD)),
                new Case(
                        "a root that is no rank",
                        "'o'",
                        "is no rank",
                        (c, isWrong) ->
                                c.broadcastObjectAsync("o", "3", PICKY, isWrong ? c.size() : 0)),
                new Case(
                        "one of all ranks' objects that is too large",
                        "'o'",
                        "Send what is large as tensors",
                        (c, isWrong) ->
                                c.allGatherObjectsAsync("o", isWrong ? TOO_LARGE : "3", PICKY)),
                new Case(
                        "an object that its codec cannot write",
                        "'o'",
                        "It threw java.lang.UnsupportedOperationException: no odd texts.",
                        (c, isWrong) ->
                                c.allGatherObjectsAsync("o", isWrong ? "odd" : "3", PICKY)));
    }

    private static Stream<Case> tensors() {
        return Stream.of(
                new Case(
                        "a reduction without meaning",
                        "'t'",
                        "BOOL",
                        (c, isWrong) ->
                                c.allReduceAsync(
                                        "t",
                                        isWrong
                                                ? HostTensor.allocate(DataType.BOOL, 2)
                                                : ints(2, 1),
                                        SUM)),
                new Case(
                        "a broadcast's root that is no rank",
                        "'t'",
                        "The root -1",
                        (c, isWrong) -> c.broadcastAsync("t", ints(2, 1), isWrong ? -1 : 0)),
                new Case(
                        "an all-gather's output that is too small",
                        "'t'",
                        "The output of the all-gather",
                        (c, isWrong) ->
                                c.allGatherAsync(
                                        "t", ints(2, 1), ints(isWrong ? 1 : 2 * c.size(), 0))),
                new Case(
                        "the rows of a scalar",
                        "'t'",
                        "the rows of a scalar",
                        (c, isWrong) ->
                                c.reduceScatterAsync(
                                        "t",
                                        isWrong ? ints(1, 1).reshape(TensorShape.of()) : rows(2, 1),
                                        SUM)),
                new Case(
                        "numbers of rows that the input has not",
                        "'t'",
                        "Correct the numbers of rows",
                        (c, isWrong) ->
                                c.allToAllAsync("t", rows(c.size(), 1), ones(c.size(), isWrong))),
                new Case(
                        "a reduction that no missing rows have",
                        "'t'",
                        "only SUM and AVERAGE",
                        (c, isWrong) ->
                                c.sparseAllReduceAsync(
                                        "t",
                                        new SparseRows(ints(2, 1), rows(2, 1)),
                                        isWrong ? Reduction.of(ReduceOp.MAX) : SUM)),
                new Case(
                        "a group of which one cannot be reduced",
                        "'g/",
                        "BOOL",
                        (c, isWrong) ->
                                c.groupedAllReduceAsync(
                                        "g",
                                        List.of(
                                                ints(2, 1),
                                                isWrong
                                                        ? HostTensor.allocate(DataType.BOOL, 2)
                                                        : ints(2, 1)),
                                        SUM)));
    }

    private static long[] ones(int size, boolean isWrong) {
        long[] ones = new long[size];
        java.util.Arrays.fill(ones, 1);
        ones[0] += isWrong ? 1 : 0;
        return ones;
    }

    private static Stream<Arguments> casesAndSizes() {
        return cases().flatMap(each -> Stream.of(2, 3).map(size -> Arguments.of(each, size)));
    }

    @MethodSource("casesAndSizes")
    @ParameterizedTest(name = "{0}, {1} ranks")
    void allRanks_fail_withTheNameTheRankAndTheReason_andTheJobGoesOn(Case wrong, int size) {
        try (InProcessCluster cluster = InProcessCluster.start(size)) {
            cluster.runNamed(
                    c -> {
                        if (c.rank() == BAD) {
                            assertThatThrownBy(() -> wrong.call().on(c, true))
                                    .isInstanceOf(RuntimeException.class)
                                    .isNotInstanceOf(MismatchException.class);
                        } else {
                            assertThatThrownBy(() -> c.await(wrong.call().on(c, false)))
                                    .isInstanceOf(MismatchException.class)
                                    .hasMessageContaining(wrong.name())
                                    .hasMessageContaining("rank " + BAD)
                                    .hasMessageContaining(wrong.reason());
                        }
                        c.await(wrong.call().on(c, false));
                        return 0;
                    });
        }
    }

    @Test
    void callsThatFailOnAllRanks_leaveTheNameFreeAtOnce() {
        Function<NamedCommunicator, Integer> program =
                c -> {
                    for (int i = 0; i < 100; i++) {
                        HostTensor truth = HostTensor.allocate(DataType.BOOL, 2);
                        for (int j = 0; j < i % 3; j++) {
                            assertThatThrownBy(() -> c.allReduceAsync("t", truth, SUM))
                                    .isInstanceOf(IllegalArgumentException.class);
                        }
                        HostTensor good = ints(2, 1);
                        c.allReduce("t", good, ReduceOp.SUM);
                        assertThat(firstInt(good)).isEqualTo(c.size());
                    }
                    return 0;
                };
        for (int size = 1; size <= 3; size++) {
            try (InProcessCluster cluster = InProcessCluster.start(size)) {
                cluster.runNamed(program);
            }
        }
    }

    @Test
    void aProcessSetThatCannotBe_failsOnAllRanks_andTheNextIsMade() {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            cluster.runNamed(
                    c -> {
                        if (c.rank() == BAD) {
                            assertThatThrownBy(() -> c.addProcessSet(List.of(0, 3)))
                                    .isInstanceOf(IllegalArgumentException.class);
                        } else {
                            assertThatThrownBy(() -> c.addProcessSet(List.of(0, 1)))
                                    .isInstanceOf(MismatchException.class)
                                    .hasMessageContaining("rank " + BAD)
                                    .hasMessageContaining("No process set has the ranks [0, 3]");
                        }
                        ProcessSet set = c.addProcessSet(List.of(0, 1));
                        if (set.isMember()) {
                            refuseInside(set.communicator());
                        }
                        set.close();
                        return 0;
                    });
        }
    }

    private static void refuseInside(NamedCommunicator c) {
        if (c.rank() == 0) {
            assertThatThrownBy(() -> c.broadcast("t", ints(2, 1), 2))
                    .isInstanceOf(IllegalArgumentException.class);
        } else {
            assertThatThrownBy(() -> c.broadcast("t", ints(2, 1), 0))
                    .isInstanceOf(MismatchException.class)
                    .hasMessageContaining("there are 2, numbered from 0");
        }
    }
}
