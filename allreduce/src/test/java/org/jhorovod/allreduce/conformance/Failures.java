package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.AbstractThrowableAssert;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.conformance.ConformanceCase.Scope;

/** What ranks are told when they disagree, stay away, leave or die. */
final class Failures {
    private static final Duration OPERATION_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration SHORT_OPERATION_TIMEOUT = Duration.ofSeconds(2);
    private static final int LARGE = 1_000_003;
    private static final String MISMATCH = "mismatch-";

    private Failures() {}

    /** One collective of a rank. */
    interface Call {
        void make(Communicator communicator, TensorPlace place);
    }

    static List<ConformanceCase> cases() {
        List<ConformanceCase> cases = new ArrayList<>(ofWholeTensors());
        cases.addAll(FailuresOfParts.cases());
        return cases;
    }

    private static List<ConformanceCase> ofWholeTensors() {
        Call sum = (c, place) -> c.allReduce("w", zeros(place, 10), ReduceOp.SUM);
        return List.of(
                mismatch(
                        "count",
                        sum,
                        (c, place) -> c.allReduce("w", zeros(place, 11), ReduceOp.SUM),
                        "FLOAT32[10]",
                        "FLOAT32[11]"),
                mismatch(
                        "type",
                        sum,
                        (c, place) -> c.allReduce("w", integers(place, 10), ReduceOp.SUM),
                        "FLOAT32[10]",
                        "INT32[10]"),
                mismatch(
                        "operation",
                        sum,
                        (c, place) -> c.allReduce("w", zeros(place, 10), ReduceOp.MAX),
                        "all-reduce SUM",
                        "all-reduce MAX"),
                mismatch(
                        "prescale",
                        (c, place) ->
                                c.allReduce("w", zeros(place, 10), ReduceOp.SUM.prescaledBy(1)),
                        sum,
                        "all-reduce prescaled SUM",
                        "all-reduce SUM"),
                mismatch(
                        "name",
                        sum,
                        (c, place) -> c.allReduce("v", zeros(place, 10), ReduceOp.SUM),
                        "'w'",
                        "'v'"),
                mismatch(
                        "root",
                        (c, place) -> c.broadcast("w", zeros(place, 10), 0),
                        (c, place) -> c.broadcast("w", zeros(place, 10), 1),
                        "root 0",
                        "root 1"),
                mismatch(
                        "collective",
                        sum,
                        (c, place) -> c.barrier("end"),
                        "all-reduce SUM of 'w'",
                        "barrier 'end'"),
                mismatch(
                        "gather",
                        sum,
                        (c, place) ->
                                c.allGather("w", zeros(place, 10), zeros(place, 10 * c.size())),
                        "all-reduce SUM of 'w'",
                        "all-gather of 'w'"),
                mismatchOfPlace(sum),
                ending("stays-away", SHORT_OPERATION_TIMEOUT, Failures::staysAway),
                ending("leaves", OPERATION_TIMEOUT, Failures::leaves),
                new ConformanceCase(
                        "dies", Scope.KILLS_LAST_RANK, OPERATION_TIMEOUT, Failures::dies));
    }

    private static ConformanceCase ending(
            String name, Duration timeout, ConformanceCase.Program program) {
        return new ConformanceCase(name, Scope.ENDS_COMMUNICATOR, timeout, program);
    }

    /** Rank 1 makes the odd call, and all are told what both calls were. */
    static ConformanceCase mismatch(String what, Call usual, Call odd, String... said) {
        return ending(MISMATCH + what, OPERATION_TIMEOUT, p -> runMismatch(p, usual, odd, said));
    }

    /** Whether ranks make different calls there; where their tensors lie is another matter. */
    static boolean isMismatchOfCalls(ConformanceCase c) {
        return c.scope() == Scope.ENDS_COMMUNICATOR && c.name().startsWith(MISMATCH);
    }

    private static ConformanceCase mismatchOfPlace(Call usual) {
        Call onHost =
                (c, place) ->
                        c.allReduce("w", HostTensor.allocate(DataType.FLOAT32, 10), ReduceOp.SUM);
        String[] said = {"FLOAT32[10]", "FLOAT32[10] on a device"};
        return new ConformanceCase(
                MISMATCH + "place",
                Scope.ENDS_COMMUNICATOR_ON_DEVICE,
                OPERATION_TIMEOUT,
                p -> runMismatch(p, usual, onHost, said));
    }

    static Tensor zeros(TensorPlace place, int count) {
        return place.put(HostTensor.allocate(DataType.FLOAT32, count));
    }

    static Tensor integers(TensorPlace place, int count) {
        return place.put(HostTensor.allocate(DataType.INT32, count));
    }

    /** Rank 1 calls something else: every rank is told both ranks and both calls, at once. */
    private static void runMismatch(Participant p, Call usual, Call odd, String... said) {
        Communicator c = p.communicator();
        long start = System.nanoTime();
        assertFailure(
                        () -> {
                            // A slow rank may hear of it while it still is in here.
                            c.barrier("begin");
                            (c.rank() == 1 ? odd : usual).make(c, p.place());
                            // A rank whose part was done before may hear of it at its next call.
                            c.barrier("next");
                        })
                .isInstanceOf(MismatchException.class)
                .hasMessageContainingAll(said)
                .hasMessageContaining("rank 1")
                .message()
                .containsPattern("[Rr]ank [02-9]");
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .as("no wait for the deadline")
                .isLessThan(OPERATION_TIMEOUT.dividedBy(2));
    }

    /** The last rank does not come: after the deadline it is named, with what it did last. */
    private static void staysAway(Participant p) {
        Communicator c = p.communicator();
        c.barrier("begin");
        int away = c.size() - 1;
        if (c.rank() == away) {
            // Until the others have given up, and long enough for their word to arrive.
            LockSupport.parkNanos(SHORT_OPERATION_TIMEOUT.multipliedBy(2).toNanos());
        }
        AbstractThrowableAssert<?, ?> failure =
                assertFailure(() -> c.allReduce("gradient", zeros(p.place(), 100), ReduceOp.SUM));
        failure.isInstanceOf(OperationTimeoutException.class)
                .hasMessageContainingAll(
                        "Rank " + away,
                        "'gradient'",
                        "barrier 'begin'",
                        "JHOROVOD_OPERATION_TIMEOUT_SECONDS");
    }

    /** The last rank says goodbye: it is named by what the others call next. */
    private static void leaves(Participant p) {
        Communicator c = p.communicator();
        c.barrier("begin");
        int leaving = c.size() - 1;
        if (c.rank() == leaving) {
            c.close();
            return;
        }
        assertLost(
                leaving,
                () -> c.allReduce("gradient", zeros(p.place(), 100), ReduceOp.SUM),
                "Rank " + leaving,
                "left",
                "'gradient'");
    }

    /** The last rank ends in the middle of collectives: the others are told, not kept waiting. */
    private static void dies(Participant p) {
        Communicator c = p.communicator();
        int dying = c.size() - 1;
        if (c.rank() == dying) {
            c.barrier("begin");
            for (int i = 0; i < 10; i++) {
                CompletableFuture<Void> unused =
                        c.allReduceAsync("w" + i, zeros(p.place(), LARGE), ReduceOp.SUM);
            }
            p.death().run();
            return;
        }
        long start = System.nanoTime();
        assertLost(
                dying,
                () -> {
                    c.barrier("begin");
                    for (int i = 0; i < 10; i++) {
                        c.allReduce("w" + i, zeros(p.place(), LARGE), ReduceOp.SUM);
                    }
                    c.barrier("end");
                },
                "Rank " + dying);
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .as("no wait for the deadline")
                .isLessThan(OPERATION_TIMEOUT);
    }

    private static void assertLost(int rank, Runnable calls, String... said) {
        Throwable failure = catchThrowable(calls::run);
        assertThat(failure).isInstanceOf(PeerLostException.class).hasMessageContainingAll(said);
        assertThat(((PeerLostException) failure).lostRank()).isEqualTo(rank);
    }

    private static AbstractThrowableAssert<?, ?> assertFailure(Runnable calls) {
        return assertThat(catchThrowable(calls::run)).as("failure");
    }
}
