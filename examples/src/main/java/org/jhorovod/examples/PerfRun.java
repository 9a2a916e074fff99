package org.jhorovod.examples;

import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Tensor;

/** Measures and checks all-reduce; all ranks call the same at the same time. */
final class PerfRun {
    private final Communicator communicator;
    private final PerfMemory memory;
    private final int iterations;
    private final int warmup;
    private long seed;

    PerfRun(Communicator communicator, PerfMemory memory, int iterations, int warmup) {
        this.communicator = communicator;
        this.memory = memory;
        this.iterations = iterations;
        this.warmup = warmup;
    }

    /** One row; blocks until all ranks have measured it. */
    PerfRow row(DataType type, ReduceOp op, long elementCount) {
        long byteCount = elementCount * type.byteCount();
        Tensor work = memory.work(type, elementCount);
        // The result of an iteration is the input of the next: only zeros neither grow nor vanish.
        clear(memory.input(type, elementCount));
        memory.load(byteCount);
        memory.copyInput(byteCount);
        double[] out =
                time(
                        () -> {
                            memory.copyInput(byteCount);
                            reduce(work, op);
                        });
        double[] in = time(() -> reduce(work, op));
        int ranks = communicator.size();
        return new PerfRow(
                byteCount,
                elementCount,
                Choice.word(type),
                Choice.word(op),
                -1,
                PerfTiming.of(out, byteCount, ranks, countWrong(work, op)),
                PerfTiming.of(in, byteCount, ranks, countWrong(work, op)));
    }

    private void reduce(Tensor work, ReduceOp op) {
        communicator.allReduce("perf", work, op);
        communicator.synchronize();
    }

    /** How long each iteration takes on the slowest rank, in microseconds. */
    private double[] time(Runnable iteration) {
        double[] micros = new double[iterations];
        for (int i = -warmup; i < iterations; i++) {
            communicator.barrier("iteration");
            long start = System.nanoTime();
            iteration.run();
            if (i >= 0) {
                micros[i] = (System.nanoTime() - start) / 1e3;
            }
        }
        HostTensor slowest = HostTensor.allocate(DataType.FLOAT64, iterations);
        DoubleBuffer values = slowest.buffers().get(0).asDoubleBuffer().put(0, micros);
        communicator.allReduce("times", slowest, ReduceOp.MAX);
        values.get(0, micros);
        return micros;
    }

    /** How many elements of all ranks' results are wrong, in a run with values of its own. */
    private long countWrong(Tensor work, ReduceOp op) {
        DataType type = work.type();
        ReductionCheck check = new ReductionCheck(type, op, communicator.size(), seed++);
        check.fill(memory.input(type, work.elementCount()), communicator.rank());
        memory.load(work.byteCount());
        memory.copyInput(work.byteCount());
        reduce(work, op);
        long mine = check.countWrong(memory.result(type, work.elementCount()));
        return RankValues.sum(communicator, mine);
    }

    private static void clear(HostTensor tensor) {
        List<ByteBuffer> buffers = tensor.buffers();
        byte[] zeros = new byte[1 << 16];
        for (ByteBuffer buffer : buffers) {
            while (buffer.hasRemaining()) {
                buffer.put(zeros, 0, Math.min(zeros.length, buffer.remaining()));
            }
        }
    }
}
