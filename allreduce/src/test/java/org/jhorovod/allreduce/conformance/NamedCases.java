package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.TensorShape;

/**
 * What Horovod's own suite asks of tensors that are submitted by name, by the numbers of its list:
 * after an error on every rank, a barrier and another all-reduce work.
 */
final class NamedCases {
    private static final int MANY = 60;

    private NamedCases() {}

    /** The group goes on after each. */
    static List<ConformanceCase> all() {
        return List.of(
                NamedValues.of("case-03-sums-of-all-types-in-1-to-3-dimensions", NamedCases::sums),
                NamedValues.of("case-04-average-min-max-product", NamedCases::operations),
                NamedValues.of("case-05-many-in-another-order-on-each-rank", NamedCases::many),
                NamedValues.of("case-06-prescale", NamedCases::prescale),
                NamedValues.of("case-08-dimensions-and-lengths-differ", NamedCases::shapesDiffer),
                NamedValues.of("case-09-types-differ", NamedCases::typesDiffer),
                NamedValues.of("case-11-a-name-twice-in-flight", NamedCases::twice),
                NamedValues.of("case-12-groups", NamedCases::groups),
                NamedValues.of("case-15-broadcast-from-every-root", NamedCases::broadcasts),
                NamedValues.of("case-16-each-rank-is-its-own-root", NamedCases::ownRoots),
                NamedValues.of("case-19-a-slow-rank-holds-a-barrier-alone", NamedCases::barriers));
    }

    private static void sums(NamedCommunicator c) {
        for (DataType type : DataType.values()) {
            if (!type.supports(ReduceOp.SUM)) {
                continue;
            }
            for (TensorShape shape :
                    List.of(TensorShape.of(17), TensorShape.of(3, 4), TensorShape.of(2, 3, 5))) {
                HostTensor tensor = NamedValues.filled(type, shape, 2);
                c.allReduce(type + " " + shape, tensor, ReduceOp.SUM);
                assertThat(NamedValues.values(tensor))
                        .as("%s %s", type, shape)
                        .containsOnly(2.0 * c.size());
            }
        }
    }

    private static void operations(NamedCommunicator c) {
        int n = c.size();
        double product = 1;
        for (int rank = 0; rank < n; rank++) {
            product *= rank + 1;
        }
        for (DataType type : List.of(DataType.INT32, DataType.FLOAT32, DataType.FLOAT64)) {
            double average = type == DataType.INT32 ? Math.floor((n + 1) / 2.0) : (n + 1) / 2.0;
            reduced(c, type, ReduceOp.AVERAGE, average);
            reduced(c, type, ReduceOp.MIN, 1);
            reduced(c, type, ReduceOp.MAX, n);
            reduced(c, type, ReduceOp.PRODUCT, product);
        }
    }

    private static void reduced(NamedCommunicator c, DataType type, ReduceOp op, double expected) {
        HostTensor tensor = NamedValues.filled(type, TensorShape.of(33), c.rank() + 1);
        c.allReduce(op + " " + type, tensor, op);
        assertThat(NamedValues.values(tensor))
                .as("%s %s", op, type)
                .allSatisfy(value -> assertThat(value).isCloseTo(expected, within(1e-4)));
    }

    private static void many(NamedCommunicator c) {
        List<Integer> order = NamedValues.shuffled(MANY, new Random(c.rank()));
        List<HostTensor> tensors = new ArrayList<>();
        List<CompletableFuture<Void>> futures = new ArrayList<>();
        boolean hasWaited = false;
        for (int i : order) {
            HostTensor tensor = NamedValues.filled(DataType.INT64, TensorShape.of(i % 9 + 1), i);
            CompletableFuture<Void> future = c.allReduceAsync("many " + i, tensor, ReduceOp.SUM);
            hasWaited |= !future.isDone();
            tensors.add(tensor);
            futures.add(future);
        }
        for (int i = 0; i < MANY; i++) {
            c.await(futures.get(i));
            assertThat(NamedValues.values(tensors.get(i)))
                    .containsOnly((double) order.get(i) * c.size());
        }
        assertThat(hasWaited || c.size() == 1).isTrue();
    }

    private static void prescale(NamedCommunicator c) {
        HostTensor tensor = NamedValues.filled(DataType.FLOAT32, TensorShape.of(9), 4);
        c.allReduce("scaled", tensor, ReduceOp.SUM.prescaledBy(0.5));
        assertThat(NamedValues.values(tensor)).containsOnly(2.0 * c.size());
        HostTensor integers = NamedValues.filled(DataType.INT32, TensorShape.of(9), 4);
        assertThatThrownBy(
                        () -> c.allReduceAsync("scaled", integers, ReduceOp.SUM.prescaledBy(0.5)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static void shapesDiffer(NamedCommunicator c) {
        boolean isOdd = c.rank() % 2 == 1;
        for (TensorShape other : List.of(TensorShape.of(3, 4), TensorShape.of(11))) {
            TensorShape own = isOdd ? other : TensorShape.of(12);
            HostTensor tensor = NamedValues.filled(DataType.FLOAT32, own, 1);
            NamedValues.requireError(
                    c, () -> c.allReduceAsync("shape", tensor, ReduceOp.SUM), "[12]", "" + other);
        }
    }

    private static void typesDiffer(NamedCommunicator c) {
        DataType type = c.rank() % 2 == 1 ? DataType.INT32 : DataType.FLOAT32;
        HostTensor tensor = NamedValues.filled(type, TensorShape.of(5), 1);
        NamedValues.requireError(
                c, () -> c.allReduceAsync("type", tensor, ReduceOp.SUM), "FLOAT32", "INT32");
    }

    private static void twice(NamedCommunicator c) {
        HostTensor tensor = NamedValues.filled(DataType.INT32, TensorShape.of(5), 1);
        HostTensor again = NamedValues.filled(DataType.INT32, TensorShape.of(5), 1);
        if (c.size() > 1) {
            // Only once rank 0 has submitted it too can it be done.
            CompletableFuture<Void> first =
                    c.rank() == 0
                            ? new CompletableFuture<>()
                            : c.allReduceAsync("twice", tensor, ReduceOp.SUM);
            if (c.rank() != 0) {
                assertThatThrownBy(() -> c.allReduceAsync("twice", again, ReduceOp.SUM))
                        .isInstanceOf(MismatchException.class)
                        .hasMessageContaining("'twice'");
            }
            c.planned().barrier("all have tried");
            c.await(c.rank() == 0 ? c.allReduceAsync("twice", tensor, ReduceOp.SUM) : first);
        }
        c.barrier("twice");
    }

    private static void groups(NamedCommunicator c) {
        for (ReduceOp op : List.of(ReduceOp.SUM, ReduceOp.AVERAGE)) {
            List<HostTensor> tensors = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                DataType type = i % 2 == 0 ? DataType.FLOAT32 : DataType.FLOAT64;
                tensors.add(NamedValues.filled(type, TensorShape.of(i + 1), i));
            }
            c.groupedAllReduce("group", tensors, Reduction.of(op));
            for (int i = 0; i < 5; i++) {
                double expected = op == ReduceOp.SUM ? (double) i * c.size() : i;
                assertThat(NamedValues.values(tensors.get(i)))
                        .allSatisfy(value -> assertThat(value).isCloseTo(expected, within(1e-4)));
            }
        }
    }

    private static void broadcasts(NamedCommunicator c) {
        for (int root = 0; root < c.size(); root++) {
            HostTensor tensor =
                    NamedValues.filled(DataType.INT32, TensorShape.of(4, 4), 10 + c.rank());
            c.broadcast("from", tensor, root);
            assertThat(NamedValues.values(tensor)).containsOnly(10.0 + root);
        }
        HostTensor tensor = NamedValues.filled(DataType.INT32, TensorShape.of(1), 1);
        assertThatThrownBy(() -> c.broadcastAsync("from", tensor, c.size()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static void ownRoots(NamedCommunicator c) {
        HostTensor tensor = NamedValues.filled(DataType.INT32, TensorShape.of(3), c.rank());
        NamedValues.requireError(c, () -> c.broadcastAsync("own", tensor, c.rank()), "root");
    }

    /** All but rank 0 wait for it, while another tensor of all ranks passes by. */
    private static void barriers(NamedCommunicator c) {
        CompletableFuture<Void> barrier =
                c.rank() == 0 ? new CompletableFuture<>() : c.barrierAsync("slow");
        HostTensor tensor = NamedValues.filled(DataType.INT32, TensorShape.of(3), 1);
        c.allReduce("beside the barrier", tensor, ReduceOp.SUM);
        assertThat(NamedValues.values(tensor)).containsOnly((double) c.size());
        assertThat(barrier.isDone()).isFalse();
        c.planned().barrier("nobody is through");
        c.await(c.rank() == 0 ? c.barrierAsync("slow") : barrier);
    }
}
