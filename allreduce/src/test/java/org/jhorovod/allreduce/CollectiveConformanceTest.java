package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.transport.Transport;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.jhorovod.allreduce.transport.tcp.TcpTransport;
import org.jhorovod.allreduce.transport.unix.UnixTransport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every collective on every transport against a reference in float64; one cluster serves a whole
 * table. The long form ({@code -Plong}) takes all types and sizes, the short one a fixed sample.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class CollectiveConformanceTest {
    private static final boolean LONG = Boolean.getBoolean("jhorovod.test.long");
    private static final long LARGE = 1_000_003;

    static Stream<Arguments> clusters() {
        return Stream.of("inprocess", "tcp", "unix")
                .flatMap(
                        transport ->
                                Stream.of(1, 2, 3, 4, 7)
                                        .map(size -> Arguments.of(transport, size)));
    }

    private static InProcessCluster start(String transport, int size) {
        Transport chosen =
                switch (transport) {
                    case "tcp" -> new TcpTransport();
                    case "unix" -> new UnixTransport();
                    default -> new InProcessTransport(size);
                };
        Configuration configuration = Configuration.of(Map.of(Settings.OPERATION_TIMEOUT, "60"));
        return InProcessCluster.start(size, chosen, configuration);
    }

    private static List<Long> counts(int size) {
        List<Long> counts = new ArrayList<>(List.of(0L, 1L, size - 1L, size + 1L));
        counts.add(LONG || size <= 3 ? LARGE : 100_003L);
        return counts;
    }

    private static List<DataType> types(int size) {
        return LONG || size <= 3
                ? List.of(DataType.FLOAT32, DataType.FLOAT64, DataType.INT32, DataType.INT64)
                : List.of(DataType.FLOAT32, DataType.INT64);
    }

    @ParameterizedTest(name = "{0}, {1} ranks")
    @MethodSource("clusters")
    void allReduce_equalsReference_forEveryTypeOperationAndCount(String transport, int size) {
        try (InProcessCluster cluster = start(transport, size)) {
            for (DataType type : types(size)) {
                for (ReduceOp op : ReduceOp.values()) {
                    for (long count : counts(size)) {
                        checkAllReduce(cluster, type, op, count);
                    }
                }
            }
        }
    }

    private static void checkAllReduce(
            InProcessCluster cluster, DataType type, ReduceOp op, long count) {
        int size = cluster.communicators().size();
        List<HostTensor> results =
                cluster.run(
                        c -> {
                            HostTensor tensor = Reference.input(type, op, count, c.rank());
                            c.allReduce("tensor", tensor, op);
                            return tensor;
                        });
        String what = "%s %s[%d] on %d ranks".formatted(op, type, count, size);
        for (int rank = 0; rank < size; rank++) {
            assertThat(results.get(rank).buffers())
                    .as("rank %d bitwise equal to rank 0: %s", rank, what)
                    .isEqualTo(results.get(0).buffers());
        }
        Reference.assertReduced(what, size, op, results.get(0));
    }

    @ParameterizedTest(name = "{0}, {1} ranks")
    @MethodSource("clusters")
    void collectives_readTensorsOfSeveralBuffersAsOne(String transport, int size) {
        int[] parts = {3, 0, 70_001, 1, 29_998};
        long count = 100_003;
        try (InProcessCluster cluster = start(transport, size)) {
            List<HostTensor> reduced =
                    cluster.run(
                            c -> {
                                HostTensor tensor = split(parts, c.rank(), count);
                                c.allReduce("tensor", tensor, ReduceOp.SUM);
                                return joined(tensor);
                            });
            Reference.assertReduced("SUM of several buffers", size, ReduceOp.SUM, reduced.get(0));
            List<HostTensor> sent =
                    cluster.run(
                            c -> {
                                HostTensor tensor = split(parts, c.rank(), count);
                                c.broadcast("tensor", tensor, size - 1);
                                return joined(tensor);
                            });
            assertThat(sent.get(0).buffers())
                    .isEqualTo(
                            Reference.input(DataType.FLOAT32, ReduceOp.SUM, count, size - 1)
                                    .buffers());
        }
    }

    private static HostTensor split(int[] parts, int rank, long count) {
        HostTensor whole = Reference.input(DataType.FLOAT32, ReduceOp.SUM, count, rank);
        ByteBuffer source = whole.buffers().get(0);
        List<ByteBuffer> buffers = new ArrayList<>();
        for (int part : parts) {
            byte[] bytes = new byte[part * Float.BYTES];
            source.get(bytes);
            buffers.add(ByteBuffer.allocateDirect(bytes.length).put(bytes).flip());
        }
        assertThat(source.remaining()).as("elements left over").isZero();
        return HostTensor.of(DataType.FLOAT32, buffers);
    }

    private static HostTensor joined(HostTensor tensor) {
        HostTensor joined = HostTensor.allocate(tensor.type(), tensor.elementCount());
        ByteBuffer target = joined.buffers().get(0);
        tensor.buffers().forEach(target::put);
        return joined;
    }

    @ParameterizedTest(name = "{0}, {1} ranks")
    @MethodSource("clusters")
    void broadcast_givesEveryRankTheRootsElements_fromEveryRoot(String transport, int size) {
        try (InProcessCluster cluster = start(transport, size)) {
            for (DataType type : types(size)) {
                for (long count : counts(size)) {
                    for (int root = 0; root < size; root++) {
                        checkBroadcast(cluster, type, count, root);
                    }
                }
            }
        }
    }

    private static void checkBroadcast(
            InProcessCluster cluster, DataType type, long count, int root) {
        HostTensor expected = Reference.input(type, ReduceOp.SUM, count, root);
        List<HostTensor> results =
                cluster.run(
                        c -> {
                            HostTensor tensor =
                                    Reference.input(type, ReduceOp.SUM, count, c.rank());
                            c.broadcast("tensor", tensor, root);
                            return tensor;
                        });
        for (HostTensor result : results) {
            assertThat(result.buffers())
                    .as("%s[%d] from root %d", type, count, root)
                    .isEqualTo(expected.buffers());
        }
    }

    @ParameterizedTest(name = "{0}, {1} ranks")
    @MethodSource("clusters")
    void allGather_putsTheInputsInRankOrder(String transport, int size) {
        try (InProcessCluster cluster = start(transport, size)) {
            for (DataType type : types(size)) {
                for (long count : counts(size)) {
                    List<HostTensor> results = cluster.run(c -> gather(c, type, count));
                    for (HostTensor result : results) {
                        for (int rank = 0; rank < size; rank++) {
                            Reference.assertPart(
                                    "part of rank %d in %s[%d]".formatted(rank, type, count),
                                    result,
                                    rank,
                                    count);
                        }
                    }
                }
            }
        }
    }

    private static HostTensor gather(Communicator c, DataType type, long count) {
        HostTensor output = HostTensor.allocate(type, count * c.size());
        c.allGather("tensor", Reference.input(type, ReduceOp.SUM, count, c.rank()), output);
        return output;
    }

    @ParameterizedTest(name = "{0}, {1} ranks")
    @MethodSource("clusters")
    void barrier_letsNobodyThroughBeforeAllHaveCome(String transport, int size) {
        try (InProcessCluster cluster = start(transport, size)) {
            for (int round = 0; round < 20; round++) {
                AtomicInteger arrived = new AtomicInteger();
                List<Integer> seen =
                        cluster.run(
                                c -> {
                                    arrived.incrementAndGet();
                                    c.barrier("all");
                                    return arrived.get();
                                });
                assertThat(seen).as("ranks that had come, round %d", round).containsOnly(size);
            }
        }
    }
}
