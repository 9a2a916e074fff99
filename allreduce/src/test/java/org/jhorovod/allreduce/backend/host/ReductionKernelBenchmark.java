package org.jhorovod.allreduce.backend.host;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** How long two tensors take to become one, and beside it a copy of as many bytes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ReductionKernelBenchmark {

    /** Where the elements lie. */
    public enum Memory {
        ARRAY,
        DIRECT;

        private ByteBuffer allocate(int byteCount) {
            ByteBuffer memory =
                    this == ARRAY
                            ? ByteBuffer.allocate(byteCount)
                            : ByteBuffer.allocateDirect(byteCount);
            return memory.order(ByteOrder.nativeOrder());
        }
    }

    @Param public DataType type = DataType.FLOAT32;

    @Param({"SUM", "MIN", "MAX", "AVERAGE"})
    public ReduceOp op = ReduceOp.SUM;

    @Param({"4096", "1048576", "16777216"})
    public int byteCount;

    @Param public Memory memory = Memory.DIRECT;

    private final JavaReductionKernel kernel = new JavaReductionKernel();
    private ByteBuffer first = ByteBuffer.allocate(0);
    private ByteBuffer second = ByteBuffer.allocate(0);
    private int divisor = 1;

    /** Fills the tensors with bytes that are ordinary numbers in every type. */
    @Setup(Level.Trial)
    public void fill() {
        first = memory.allocate(byteCount);
        second = memory.allocate(byteCount);
        for (int i = 0; i < byteCount; i++) {
            first.put(i, (byte) (i % 2));
            second.put(i, (byte) (i % 3 % 2));
        }
        divisor = op == ReduceOp.AVERAGE ? 2 : 1;
    }

    /** Reduces in place, as a ring does. */
    @Benchmark
    public void reduce() {
        kernel.reduce(type, op, List.of(first, second), List.of(first), divisor);
    }

    /** What memory alone allows: for each byte a reduction reads one more. */
    @Benchmark
    public void copy() {
        first.put(0, second, 0, byteCount);
    }
}
