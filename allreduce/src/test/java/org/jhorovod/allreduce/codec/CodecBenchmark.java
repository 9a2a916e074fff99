package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
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

/**
 * How long a carrier computes in a reduction of 2M elements with one other: it adds the residual,
 * encodes, keeps what is lost, and decodes and adds up both encodings.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class CodecBenchmark {
    private static final int ROWS = 1024;
    private static final int COLUMNS = 2048;

    @Param({"float16", "bfloat16", "int8", "int4", "topk:0.01", "powersgd:4"})
    public String name = "int8";

    @Param({"1", "2"})
    public int carriers = 1;

    /** This carrier, and others that send the same. */
    private record Copies(int size) implements Exchange {

        @Override
        public int position() {
            return 0;
        }

        @Override
        public void allGather(ByteBuffer own, ByteBuffer all) {
            for (int i = 0; i < size; i++) {
                all.put(own.duplicate());
            }
        }

        @Override
        public void allReduce(ByteBuffer sum) {}
    }

    private final ByteBuffer gradients = Floats.direct(Floats.normal(ROWS * COLUMNS, 1e-3f, 1));
    private final ByteBuffer values = Floats.direct(new float[ROWS * COLUMNS]);
    private Exchange exchange = new Copies(1);
    private BucketCodec bucket = new FullCodec().open(Floats.vector(0), ErrorFeedback.ON);

    /** Opens the codec. */
    @Setup(Level.Trial)
    public void open() {
        BucketLayout layout = BucketLayout.ofShapes(new long[] {ROWS, COLUMNS});
        bucket = Codecs.parse(name).open(layout, ErrorFeedback.ON);
        exchange = new Copies(carriers);
    }

    /** With a copy of the gradients, which the reduction overwrites. */
    @Benchmark
    public void reduce() {
        values.put(0, gradients, 0, values.capacity());
        bucket.reduce(values, exchange);
    }
}
