package org.jhorovod.allreduce;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.RegisteredMemory;

/**
 * Times our all-reduce as {@code src/test/benchmark/mpi_allreduce.c} times MPI's, with the same
 * arguments and the same output. A first argument {@code registered} measures registered memory.
 */
public final class AllReduceTiming {
    // Until the JVM has compiled what runs: its compiler's threads want the same cores.
    private static final long FIRST_WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(6);
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int WARM_UP_ROUNDS = 10;

    private AllReduceTiming() {}

    public static void main(String[] arguments) {
        boolean isRegistered = arguments[0].equals("registered");
        Communicator communicator = JHorovod.init().planned();
        warmUp(communicator, HostTensor.allocate(DataType.FLOAT32, 4096), FIRST_WARM_UP_NANOS);
        for (int i = isRegistered ? 1 : 0; i + 1 < arguments.length; i += 2) {
            int count = Integer.parseInt(arguments[i]) << 8;
            int rounds = Integer.parseInt(arguments[i + 1]);
            if (isRegistered) {
                try (RegisteredMemory memory = communicator.allocate(DataType.FLOAT32, count)) {
                    measure(communicator, memory.tensor(), rounds);
                }
            } else {
                measure(communicator, HostTensor.allocate(DataType.FLOAT32, count), rounds);
            }
        }
        JHorovod.shutdown();
    }

    private static void measure(Communicator communicator, HostTensor elements, int rounds) {
        ByteBuffer memory = elements.buffers().get(0);
        for (int i = 0; i < elements.elementCount(); i++) {
            memory.putFloat(i % 7 * 1e-9f);
        }
        warmUp(communicator, elements, WARM_UP_NANOS);
        HostTensor times = HostTensor.allocate(DataType.FLOAT64, rounds);
        ByteBuffer seconds = times.buffers().get(0);
        for (int round = 0; round < rounds; round++) {
            communicator.barrier("start");
            long start = System.nanoTime();
            communicator.allReduce("elements", elements, ReduceOp.SUM);
            seconds.putDouble(round * Double.BYTES, (System.nanoTime() - start) * 1e-9);
        }
        communicator.allReduce("times", times, ReduceOp.MAX);
        double[] sorted = new double[rounds];
        seconds.asDoubleBuffer().get(sorted);
        Arrays.sort(sorted);
        if (communicator.rank() == 0) {
            System.out.println(
                    "%d %.4f".formatted(elements.byteCount() >> 10, sorted[rounds / 2] * 1e3));
        }
    }

    private static void warmUp(Communicator communicator, HostTensor elements, long nanos) {
        HostTensor isOver = HostTensor.allocate(DataType.INT32, 1);
        ByteBuffer flag = isOver.buffers().get(0);
        long end = System.nanoTime() + nanos;
        do {
            for (int round = 0; round < WARM_UP_ROUNDS; round++) {
                communicator.barrier("start");
                communicator.allReduce("elements", elements, ReduceOp.SUM);
            }
            flag.putInt(0, System.nanoTime() - end > 0 ? 1 : 0);
            communicator.allReduce("warm-up", isOver, ReduceOp.MAX);
        } while (flag.getInt(0) == 0);
    }
}
