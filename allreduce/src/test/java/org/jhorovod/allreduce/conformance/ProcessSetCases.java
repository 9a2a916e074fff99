package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ProcessSet;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.TensorShape;

/** What Horovod's own suite asks of process sets, by the numbers of its list. */
final class ProcessSetCases {
    private ProcessSetCases() {}

    /** The group goes on after each. */
    static List<ConformanceCase> all() {
        return List.of(
                NamedValues.of("case-12-groups-in-a-process-set", ProcessSetCases::groups),
                NamedValues.of("case-18-reduce-scatter-in-a-process-set", ProcessSetCases::parts),
                NamedValues.of("case-19-barriers-of-process-sets", ProcessSetCases::barriers),
                NamedValues.of("case-21-join-in-a-process-set", ProcessSetCases::join),
                NamedValues.of("case-22-process-sets", ProcessSetCases::sets));
    }

    /** The ranks from one on. */
    private static List<Integer> from(int first, int size) {
        return IntStream.range(first, size).boxed().toList();
    }

    private static void groups(NamedCommunicator c) {
        try (ProcessSet set = c.addProcessSet(from(c.size() / 2, c.size()))) {
            if (!set.isMember()) {
                return;
            }
            NamedCommunicator members = set.communicator();
            List<HostTensor> tensors = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int value = i + 2 * members.rank();
                tensors.add(NamedValues.filled(DataType.FLOAT32, TensorShape.of(i, 5), value));
            }
            members.groupedAllReduce("group", tensors, Reduction.of(ReduceOp.AVERAGE));
            for (int i = 0; i < 3; i++) {
                double average = i + members.size() - 1;
                assertThat(NamedValues.values(tensors.get(i))).hasSize(i * 5);
                assertThat(NamedValues.values(tensors.get(i))).allMatch(x -> x == average);
            }
        }
    }

    /** The rows that are left over go to the lowest ranks of the set. */
    private static void parts(NamedCommunicator c) {
        try (ProcessSet set = c.addProcessSet(from(c.size() / 2, c.size()))) {
            if (!set.isMember()) {
                return;
            }
            NamedCommunicator members = set.communicator();
            int rows = 2 * members.size() + 1;
            HostTensor input = NamedValues.filled(DataType.INT32, TensorShape.of(rows, 3), 2);
            HostTensor part = members.reduceScatter("parts", input, Reduction.of(ReduceOp.SUM));
            assertThat(part.shape()).isEqualTo(TensorShape.of(members.rank() == 0 ? 3 : 2, 3));
            assertThat(NamedValues.values(part)).containsOnly(2.0 * members.size());
        }
    }

    /**
     * The last rank comes to its set's barrier when it hears that the others are through theirs.
     */
    private static void barriers(NamedCommunicator c) {
        int last = c.size() - 1;
        if (c.size() == 1) {
            return; // there is but one set
        }
        try (ProcessSet others = c.addProcessSet(IntStream.range(0, last).boxed().toList());
                ProcessSet slow = c.addProcessSet(List.of(0, last))) {
            HostTensor done = NamedValues.filled(DataType.INT32, TensorShape.of(1), 1);
            HostTensor flying = NamedValues.filled(DataType.INT32, TensorShape.of(9), 1);
            CompletableFuture<Void> sum = c.allReduceAsync("in flight", flying, ReduceOp.SUM);
            List<CompletableFuture<Void>> barriers = new ArrayList<>();
            if (c.rank() == 0) {
                barriers.add(slow.communicator().barrierAsync("of the slow"));
            }
            if (others.isMember()) {
                others.communicator().barrier("of the others");
            }
            c.await(c.allReduceAsync("the others are through", done, ReduceOp.SUM));
            if (c.rank() == last) {
                slow.communicator().barrier("of the slow");
            }
            barriers.forEach(c::await);
            c.await(sum);
            assertThat(NamedValues.values(flying)).containsOnly((double) c.size());
        }
    }

    /** Who has joined a set still takes part in what all ranks do. */
    private static void join(NamedCommunicator c) {
        try (ProcessSet set = c.addProcessSet(from(c.size() / 2, c.size()))) {
            if (set.isMember()) {
                NamedCommunicator members = set.communicator();
                HostTensor tensor = NamedValues.filled(DataType.INT32, TensorShape.of(2), 1);
                if (members.rank() > 0) {
                    members.allReduce("by those that are left", tensor, ReduceOp.SUM);
                    assertThat(NamedValues.values(tensor)).containsOnly(members.size() - 1.0);
                }
                int lastToJoin = members.await(members.joinAsync());
                assertThat(lastToJoin).isBetween(0, members.size() - 1);
            }
            HostTensor all = NamedValues.filled(DataType.INT32, TensorShape.of(2), 1);
            c.allReduce("by all", all, ReduceOp.SUM);
            assertThat(NamedValues.values(all)).containsOnly((double) c.size());
        }
    }

    /** In any order of its ranks it is the same set; numbers stay, and none comes again. */
    private static void sets(NamedCommunicator c) {
        List<Integer> even = from(0, c.size()).stream().filter(rank -> rank % 2 == 0).toList();
        List<Integer> permuted = new ArrayList<>(even);
        Collections.reverse(permuted);
        ProcessSet first = c.addProcessSet(permuted);
        assertThat(first.ranks()).isEqualTo(even);
        assertThat(first.isMember()).isEqualTo(c.rank() % 2 == 0);
        assertThatThrownBy(() -> c.addProcessSet(even))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("process set %d already".formatted(first.id()));
        first.close();
        assertThatThrownBy(first::communicator).isInstanceOf(IllegalStateException.class);
        try (ProcessSet second = c.addProcessSet(even)) {
            assertThat(second.id()).isGreaterThan(first.id());
            if (second.isMember()) {
                NamedCommunicator members = second.communicator();
                HostTensor tensor = NamedValues.filled(DataType.INT32, TensorShape.of(2), 1);
                members.allReduce("in the second", tensor, ReduceOp.SUM);
                assertThat(NamedValues.values(tensor)).containsOnly((double) even.size());
                assertThat(members.rank()).isEqualTo(c.rank() / 2);
            }
        }
    }
}
