package org.jhorovod.allreduce;

import java.nio.ByteBuffer;
import java.util.Arrays;
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
    private static final int WARM_UP = 3;

    private AllReduceTiming() {}

    public static void main(String[] arguments) {
        boolean isRegistered = arguments[0].equals("registered");
        Communicator communicator = JHorovod.init();
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
        HostTensor times = HostTensor.allocate(DataType.FLOAT64, rounds);
        ByteBuffer seconds = times.buffers().get(0);
        for (int round = -WARM_UP - rounds / 10; round < rounds; round++) {
            communicator.barrier("start");
            long start = System.nanoTime();
            communicator.allReduce("elements", elements, ReduceOp.SUM);
            if (round >= 0) {
                seconds.putDouble(round * Double.BYTES, (System.nanoTime() - start) * 1e-9);
            }
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
}
