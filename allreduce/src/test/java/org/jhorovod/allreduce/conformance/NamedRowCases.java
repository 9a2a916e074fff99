package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.TensorShape;

/** The cases of {@link NamedCases} about rows and joined ranks. */
final class NamedRowCases {

    private NamedRowCases() {}

    /** The group goes on after each. */
    static List<ConformanceCase> all() {
        return List.of(
                NamedValues.of("case-12-groups-of-gathered-rows", NamedRowCases::gatherGroups),
                NamedValues.of("case-12-groups-of-scattered-rows", NamedRowCases::scatterGroups),
                NamedValues.of("case-13-gathered-rows-of-unequal-number", NamedRowCases::gather),
                NamedValues.of("case-14-gathered-rows-that-do-not-fit", NamedRowCases::unfit),
                NamedValues.of("case-17-all-to-all", NamedRowCases::allToAll),
                NamedValues.of("case-18-reduce-scatter", NamedRowCases::reduceScatter),
                NamedValues.of("case-20-join-on-all-reduce", NamedRowCases::join),
                NamedValues.of("case-21-join-on-the-others", NamedRowCases::joinOnOthers));
    }

    private static HostTensor rows(long count, int value) {
        return NamedValues.filled(DataType.INT32, TensorShape.of(count, 2), value);
    }

    private static List<Double> repeated(long rows, int value) {
        return Collections.nCopies((int) (2 * rows), (double) value);
    }

    private static void gather(NamedCommunicator c) {
        List<Double> expected = new ArrayList<>();
        for (int rank = 0; rank < c.size(); rank++) {
            expected.addAll(repeated(rank % 3, rank));
        }
        for (int round = 0; round < 2; round++) {
            HostTensor all = c.allGather("rows", rows(c.rank() % 3, c.rank()));
            assertThat(NamedValues.values(all)).isEqualTo(expected);
        }
    }

    private static void gatherGroups(NamedCommunicator c) {
        List<Double> expected = new ArrayList<>();
        for (int rank = 0; rank < c.size(); rank++) {
            expected.addAll(repeated(rank % 3, rank));
        }
        HostTensor other = NamedValues.filled(DataType.FLOAT64, TensorShape.of(3), c.rank());
        for (int round = 0; round < 2; round++) {
            List<HostTensor> all =
                    c.groupedAllGather("group", List.of(rows(c.rank() % 3, c.rank()), other));
            assertThat(all).hasSize(2);
            assertThat(NamedValues.values(all.get(0))).isEqualTo(expected);
            assertThat(all.get(1).shape()).isEqualTo(TensorShape.of(3L * c.size()));
        }
        HostTensor odd = NamedValues.filled(DataType.INT32, TensorShape.of(2, 2 + c.rank() % 2), 0);
        NamedValues.requireError(
                c,
                () -> c.groupedAllGatherAsync("odd group", List.of(rows(1, 1), odd)),
                "'odd group/1'",
                "first dimension");
    }

    private static void scatterGroups(NamedCommunicator c) {
        Reduction sum = Reduction.of(ReduceOp.SUM);
        List<HostTensor> parts =
                c.groupedReduceScatter("group", List.of(rows(c.size() + 1L, 1), rows(1, 2)), sum);
        int more = c.rank() == 0 ? 1 : 0;
        assertThat(NamedValues.values(parts.get(0))).isEqualTo(repeated(1 + more, c.size()));
        assertThat(NamedValues.values(parts.get(1))).isEqualTo(repeated(more, 2 * c.size()));
        HostTensor odd = rows(3 + c.rank() % 2, 0);
        NamedValues.requireError(
                c,
                () -> c.groupedReduceScatterAsync("odd group", List.of(rows(1, 1), odd), sum),
                "'odd group/1'");
    }

    private static void unfit(NamedCommunicator c) {
        boolean isOdd = c.rank() % 2 == 1;
        HostTensor wide = NamedValues.filled(DataType.INT32, TensorShape.of(2, isOdd ? 3 : 2), 0);
        NamedValues.requireError(c, () -> c.allGatherAsync("wide", wide), "first dimension");
        DataType type = isOdd ? DataType.INT64 : DataType.INT32;
        HostTensor other = NamedValues.filled(type, TensorShape.of(2, 2), 0);
        NamedValues.requireError(c, () -> c.allGatherAsync("other", other), "INT32", "INT64");
    }

    private static void allToAll(NamedCommunicator c) {
        int n = c.size();
        HostTensor equal = c.allToAll("equal", rows(2L * n, c.rank())).tensor();
        List<Double> expected = new ArrayList<>();
        long[] toEach = new long[n];
        long total = 0;
        List<Double> uneven = new ArrayList<>();
        for (int rank = 0; rank < n; rank++) {
            expected.addAll(repeated(2, rank));
            toEach[rank] = (long) rank + c.rank();
            total += toEach[rank];
            uneven.addAll(repeated((long) rank + c.rank(), rank));
        }
        assertThat(NamedValues.values(equal)).isEqualTo(expected);
        NamedCommunicator.Received received = c.allToAll("uneven", rows(total, c.rank()), toEach);
        assertThat(received.rows()).isEqualTo(toEach);
        assertThat(NamedValues.values(received.tensor())).isEqualTo(uneven);
        long[] negative = new long[n];
        negative[n - 1] = -1;
        requireRefused(c, new long[n + 1], "Give one for each rank");
        requireRefused(c, negative, "-1");
        requireRefused(c, new long[n], "is to send 0 rows in all");
    }

    private static void requireRefused(NamedCommunicator c, long[] rows, String words) {
        assertThatThrownBy(() -> c.allToAllAsync("refused", rows(1, 0), rows))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(words);
    }

    private static void reduceScatter(NamedCommunicator c) {
        int n = c.size();
        long rows = 2L * n + 1; // one is left over, for rank 0
        HostTensor part = c.reduceScatter("sum", rows(rows, 3), Reduction.of(ReduceOp.SUM));
        long own = c.rank() == 0 && n > 1 ? 3 : n == 1 ? rows : 2;
        assertThat(part.shape()).isEqualTo(TensorShape.of(own, 2));
        assertThat(NamedValues.values(part)).containsOnly(3.0 * n);
        HostTensor scalar = NamedValues.filled(DataType.INT32, TensorShape.of(), 1);
        assertThatThrownBy(() -> c.reduceScatterAsync("s", scalar, Reduction.of(ReduceOp.SUM)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static void join(NamedCommunicator c) {
        int n = c.size();
        c.barrier("seen before");
        for (int first = 0; first < n; first++) {
            if (c.rank() != first || n == 1) {
                int takingPart = Math.max(1, n - 1);
                for (ReduceOp op : List.of(ReduceOp.SUM, ReduceOp.AVERAGE, ReduceOp.MIN)) {
                    HostTensor tensor = NamedValues.filled(DataType.INT32, TensorShape.of(3), 6);
                    c.allReduce("join " + op, tensor, op);
                    assertThat(NamedValues.values(tensor))
                            .as("%s without rank %d", op, first)
                            .containsOnly(op == ReduceOp.SUM ? 6.0 * takingPart : 6.0);
                }
            }
            int last = c.await(c.joinAsync());
            assertThat(n == 1 || last != first).isTrue();
            HostTensor lasts = NamedValues.filled(DataType.INT32, TensorShape.of(1), last);
            c.allReduce("last", lasts, ReduceOp.SUM);
            assertThat(NamedValues.values(lasts)).containsOnly((double) last * n);
        }
    }

    private static void joinOnOthers(NamedCommunicator c) {
        int n = c.size();
        if (n > 1 && c.rank() != 0) {
            List<Double> expected = new ArrayList<>();
            for (int rank = 1; rank < n; rank++) {
                expected.addAll(repeated(1, rank));
            }
            HostTensor all = c.allGather("without rank 0", rows(1, c.rank()));
            assertThat(NamedValues.values(all)).isEqualTo(expected);
            c.barrier("without rank 0 too");
            HostTensor sent = rows(1, c.rank());
            c.broadcast("from rank 1", sent, 1);
            assertThat(NamedValues.values(sent)).isEqualTo(repeated(1, 1));
            assertThatThrownBy(() -> c.broadcast("from rank 0", rows(1, 1), 0))
                    .isInstanceOf(MismatchException.class)
                    .hasMessageContaining("joined");
            assertThatThrownBy(() -> c.allToAll("with all", rows(n, 1)))
                    .isInstanceOf(MismatchException.class)
                    .hasMessageContaining("joined");
        }
        assertThat((int) c.await(c.joinAsync())).isBetween(n == 1 ? 0 : 1, n - 1);
    }
}
