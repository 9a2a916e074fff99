package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.TensorShape;

/** Tensors of one value or of rows, and what collectives of them fail with. */
final class NamedTensors {

    private NamedTensors() {}

    static HostTensor ints(int count, int value) {
        HostTensor tensor = HostTensor.allocate(DataType.INT32, count);
        ByteBuffer buffer = count == 0 ? ByteBuffer.allocate(0) : tensor.buffers().get(0);
        for (int i = 0; i < count; i++) {
            buffer.putInt(i * Integer.BYTES, value);
        }
        return tensor;
    }

    static HostTensor floats(int count, float value) {
        HostTensor tensor = HostTensor.allocate(DataType.FLOAT32, count);
        for (int i = 0; i < count; i++) {
            tensor.buffers().get(0).putFloat(i * Float.BYTES, value);
        }
        return tensor;
    }

    static int firstInt(HostTensor tensor) {
        return tensor.buffers().get(0).getInt(0);
    }

    static float firstFloat(HostTensor tensor) {
        return tensor.buffers().get(0).getFloat(0);
    }

    /** What a collective fails with on each rank, after which a barrier and a sum still work. */
    static List<String> errors(
            InProcessCluster cluster, Function<NamedCommunicator, CompletableFuture<?>> program) {
        return cluster.runNamed(
                c -> {
                    String message = "no error";
                    try {
                        c.await(program.apply(c));
                    } catch (MismatchException e) {
                        message = String.valueOf(e.getMessage());
                    }
                    c.barrier("after");
                    HostTensor one = ints(3, 1);
                    c.allReduce("one", one, ReduceOp.SUM);
                    assertThat(firstInt(one)).isEqualTo(c.size());
                    return message;
                });
    }

    static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Some steps, in each of which a rank submits all names and then waits for all. */
    static int reduceSteps(NamedCommunicator c, int names, int steps) {
        float sum = c.size() * (c.size() - 1) / 2f;
        for (int step = 0; step < steps; step++) {
            List<HostTensor> tensors = new ArrayList<>();
            List<CompletableFuture<Void>> futures = new ArrayList<>();
            for (int i = 0; i < names; i++) {
                HostTensor tensor = floats(10, c.rank());
                tensors.add(tensor);
                futures.add(c.allReduceAsync("layer " + i, tensor, ReduceOp.SUM));
            }
            futures.forEach(c::await);
            assertThat(tensors).allSatisfy(each -> assertThat(firstFloat(each)).isEqualTo(sum));
        }
        return steps;
    }

    /** Reduces two tensors, g/0 and g/1, as one. */
    static int reduceFused(NamedCommunicator c) {
        List<HostTensor> both = List.of(floats(10, 1), floats(10, 2));
        c.await(c.groupedAllReduceAsync("g", both, Reduction.of(ReduceOp.SUM)));
        return 0;
    }

    /** Rows of two elements, which say whose they are. */
    static HostTensor rows(int count, int firstValue) {
        HostTensor tensor = HostTensor.allocate(DataType.INT32, 2L * count);
        for (int i = 0; i < 2 * count; i++) {
            tensor.buffers().get(0).putInt(i * Integer.BYTES, firstValue + i / 2);
        }
        return tensor.reshape(TensorShape.of(count, 2));
    }

    static List<Integer> values(HostTensor tensor) {
        List<Integer> values = new ArrayList<>();
        for (ByteBuffer buffer : tensor.buffers()) {
            while (buffer.hasRemaining()) {
                values.add(buffer.getInt());
            }
        }
        return values;
    }
}
