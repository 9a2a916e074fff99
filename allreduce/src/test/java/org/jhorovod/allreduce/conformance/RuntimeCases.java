package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.codec.BucketCodec;
import org.jhorovod.allreduce.codec.BucketLayout;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.allreduce.codec.CommunicatorExchange;
import org.jhorovod.allreduce.codec.ErrorFeedback;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.conformance.ConformanceCase.Scope;

/** What Horovod's own suite asks of the runtime and of memory, by the numbers of its list. */
final class RuntimeCases {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final List<String> RANKS = List.of("JHOROVOD_RANK", "OMPI_COMM_WORLD_RANK");
    private static final List<String> SIZES = List.of("JHOROVOD_SIZE", "OMPI_COMM_WORLD_SIZE");

    private RuntimeCases() {}

    /** The group goes on after each. */
    static List<ConformanceCase> all() {
        return List.of(
                NamedValues.of("case-02-rank-and-size-are-the-launchers", RuntimeCases::place),
                NamedValues.of("case-07-in-place", RuntimeCases::inPlace),
                NamedValues.of("case-10-host-and-device-tensors", RuntimeCases::memories),
                NamedValues.of("case-24-float16-on-the-wire-only", RuntimeCases::float16));
    }

    /** The last of all: the process leaves its job, and joins again. */
    static ConformanceCase joiningAgain() {
        return new ConformanceCase(
                "case-01-re-init", Scope.LEAVES_AND_JOINS, LONG, p -> joinAgain(p.named()));
    }

    private static void joinAgain(NamedCommunicator first) {
        NamedCommunicator before = first;
        for (int round = 0; round < 2; round++) {
            JHorovod.shutdown();
            assertThat(JHorovod.isInitialized()).isFalse();
            assertThatThrownBy(JHorovod::communicator).isInstanceOf(IllegalStateException.class);
            NamedCommunicator again = JHorovod.init();
            assertThat(again).isNotSameAs(before);
            assertThat(again.rank()).isEqualTo(before.rank());
            requireSums(again);
            before = again;
        }
    }

    private static void requireSums(NamedCommunicator c) {
        HostTensor named = NamedValues.filled(DataType.INT32, TensorShape.of(3), 1);
        c.allReduce("joined again", named, ReduceOp.SUM);
        assertThat(NamedValues.values(named)).containsOnly((double) c.size());
        HostTensor planned = NamedValues.filled(DataType.FLOAT32, TensorShape.of(3), 1);
        c.planned().allReduce("joined again", planned, ReduceOp.SUM);
        assertThat(NamedValues.values(planned)).containsOnly((double) c.size());
    }

    /** Of ranks that are threads no environment tells: these are as many numbers from 0. */
    private static void place(NamedCommunicator c) {
        Map<String, String> environment = System.getenv();
        RANKS.stream()
                .filter(environment::containsKey)
                .forEach(name -> assertThat(environment).containsEntry(name, "" + c.rank()));
        SIZES.stream()
                .filter(environment::containsKey)
                .forEach(name -> assertThat(environment).containsEntry(name, "" + c.size()));
        HostTensor ranks =
                c.allGather(
                        "ranks", NamedValues.filled(DataType.INT32, TensorShape.of(1), c.rank()));
        for (int rank = 0; rank < c.size(); rank++) {
            assertThat(NamedValues.values(ranks).get(rank)).isEqualTo(rank);
        }
        assertThat(c.topology().localRank()).isBetween(0, c.topology().localSize() - 1);
        assertThat(c.topology().crossRank()).isBetween(0, c.topology().crossSize() - 1);
    }

    private static void inPlace(NamedCommunicator c) {
        ByteBuffer memory = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
        memory.putInt(0, 5).putInt(4, c.rank());
        HostTensor tensor = HostTensor.of(DataType.INT32, memory);
        c.allReduce("in place", tensor, ReduceOp.SUM);
        assertThat(memory.getInt(0)).isEqualTo(5 * c.size());
        assertThat(memory.getInt(4)).isEqualTo(c.size() * (c.size() - 1) / 2);
        c.broadcast("in place", tensor, c.size() - 1);
        assertThat(memory.getInt(0)).isEqualTo(5 * c.size());
    }

    /** Nobody looks into the device's memory, which is not there. */
    private static void memories(NamedCommunicator c) {
        Tensor onDevice = new DeviceTensor(DataType.FLOAT32, 8, 0, 4096, 0);
        Tensor mixed =
                c.rank() % 2 == 0
                        ? NamedValues.filled(DataType.FLOAT32, TensorShape.of(8), 1)
                        : onDevice;
        NamedValues.requireError(
                c,
                () -> c.allReduceAsync("memory", mixed, ReduceOp.SUM),
                "'memory'",
                "rank 0 on ",
                "submitted a tensor in the host's memory, rank 1 on ",
                "one in a device's memory");
        NamedValues.requireError(
                c,
                () -> c.broadcastAsync("memory", onDevice, 0),
                "'memory'",
                "lies on a device",
                "planned()");
    }

    /** In full where no codec is asked for; integers have none. */
    private static void float16(NamedCommunicator c) {
        float value = 1 + 1 / 4096f; // which float16 has not
        int ranks = c.size() * (c.size() + 1) / 2;
        BucketCodec codec =
                Codecs.parse("float16")
                        .open(BucketLayout.ofShapes(new long[] {100}), ErrorFeedback.OFF);
        ByteBuffer values = ByteBuffer.allocateDirect(400).order(ByteOrder.nativeOrder());
        for (int i = 0; i < 100; i++) {
            values.putFloat(4 * i, value * (c.rank() + 1));
        }
        codec.reduce(values, new CommunicatorExchange(c.planned(), "float16"));
        double sum = values.getFloat(0);
        assertThat(sum).isCloseTo(value * ranks, within(ranks / 1000.0));
        if (c.size() > 1) {
            assertThat(sum).isNotEqualTo(value * ranks);
        }

        HostTensor full = HostTensor.allocate(DataType.FLOAT32, 1);
        full.buffers().get(0).putFloat(0, value * (c.rank() + 1));
        c.allReduce("in full", full, ReduceOp.SUM);
        assertThat((double) full.buffers().get(0).getFloat(0))
                .isCloseTo(value * ranks, within(ranks * 1e-6));
        HostTensor integers = NamedValues.filled(DataType.INT32, TensorShape.of(2), 4097);
        c.allReduce("integers", integers, ReduceOp.SUM);
        assertThat(NamedValues.values(integers)).containsOnly(4097.0 * c.size());
    }
}
