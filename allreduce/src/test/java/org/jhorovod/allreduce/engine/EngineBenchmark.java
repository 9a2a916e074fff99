package org.jhorovod.allreduce.engine;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.InProcessCluster;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs a rank to hand a collective over, where there is nobody to wait for. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class EngineBenchmark {
    private static final int BATCH = 64;

    /** An engine without a backend. */
    @State(Scope.Thread)
    public static class Bare {
        private final Engine engine = new Engine(0, Duration.ZERO, failure -> {}, Bare::unexpected);

        private static CollectiveException unexpected(Throwable cause) {
            return new PeerLostException(0, "bug: " + cause);
        }

        /** Starts its thread. */
        @Setup(Level.Trial)
        public void start() {
            engine.start();
        }

        private CompletableFuture<Void> submit() {
            CompletableFuture<Void> future = new CompletableFuture<>();
            engine.submit(new Engine.Submission(() -> {}, future));
            return future;
        }
    }

    /** The communicator of a job of one rank, and a tensor of one element. */
    @State(Scope.Thread)
    public static class Alone {
        private final InProcessCluster cluster = InProcessCluster.start(1);
        private final Communicator communicator = cluster.run(c -> c).get(0);
        private final HostTensor tensor = HostTensor.allocate(DataType.FLOAT32, 1);

        /** Ends the job. */
        @TearDown(Level.Trial)
        public void close() {
            cluster.close();
        }
    }

    /** To the engine's thread and back. */
    @Benchmark
    public void handOver(Bare bare) {
        bare.submit().join();
    }

    /** The same for many at once, of which the last is awaited. */
    @Benchmark
    public void handOver64(Bare bare) {
        CompletableFuture<Void> last = bare.submit();
        for (int i = 1; i < BATCH; i++) {
            last = bare.submit();
        }
        last.join();
    }

    /** On the caller's thread. */
    @Benchmark
    public boolean callerRuns(Bare bare) {
        boolean isTaken = bare.engine.submitHere();
        if (isTaken) {
            bare.engine.runHere(new Engine.Submission(() -> {}, new CompletableFuture<>()));
        }
        return isTaken;
    }

    /** An all-reduce of a lone rank by the engine's thread. */
    @Benchmark
    public void allReduceByTheEngine(Alone alone) {
        alone.communicator.allReduceAsync("x", alone.tensor, ReduceOp.SUM).join();
    }

    /** The same as programs call it, by the caller's thread if that is free to. */
    @Benchmark
    public void allReduce(Alone alone) {
        alone.communicator.allReduce("x", alone.tensor, ReduceOp.SUM);
    }
}
