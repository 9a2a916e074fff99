package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.common.util.concurrent.Uninterruptibles;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.backend.host.AloneBackend;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.engine.Backends;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.Operation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A backend that sits in a library, which neither asks for the deadline nor can be woken. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StuckBackendTest {
    private static final Configuration SHORT =
            Configuration.of(
                    Map.of(Settings.OPERATION_TIMEOUT, "1", Settings.LIVENESS_TIMEOUT, "3"));

    private final CountDownLatch testEnded = new CountDownLatch(1);

    @AfterEach
    void letGo() {
        testEnded.countDown();
    }

    /** Blocks in each all-reduce; barriers pass, as where a network loses only long packets. */
    private static final class Stuck implements HostMemoryBackend {
        private final HostMemoryBackend passing = new AloneBackend();
        private final CountDownLatch released;

        Stuck(CountDownLatch released) {
            this.released = released;
        }

        @Override
        public String transportName() {
            return "stuck";
        }

        @Override
        public void allReduce(Operation operation, HostTensor tensor, Reduction reduction) {
            Uninterruptibles.awaitUninterruptibly(released);
        }

        @Override
        public void broadcast(Operation operation, HostTensor tensor, int root) {
            passing.broadcast(operation, tensor, root);
        }

        @Override
        public void allGather(Operation operation, HostTensor input, HostTensor output) {
            passing.allGather(operation, input, output);
        }

        @Override
        public void allGather(
                Operation operation, HostTensor input, HostTensor output, Parts parts) {
            passing.allGather(operation, input, output, parts);
        }

        @Override
        public void reduceScatter(
                Operation operation,
                HostTensor input,
                HostTensor output,
                Reduction reduction,
                Parts parts) {
            passing.reduceScatter(operation, input, output, reduction, parts);
        }

        @Override
        public void allToAll(
                Operation operation, HostTensor input, HostTensor output, ExchangeCounts counts) {
            passing.allToAll(operation, input, output, counts);
        }

        @Override
        public void barrier(Operation operation) {
            passing.barrier(operation);
        }

        @Override
        public void compareCalls(Operation operation) {
            passing.compareCalls(operation);
        }

        @Override
        public void wakeup() {}

        @Override
        public void close() {}
    }

    private InProcessCluster start() {
        List<Topology> ranks =
                IntStream.range(0, 2)
                        .mapToObj(rank -> Topology.onOneHost(rank, 2, "localhost"))
                        .toList();
        return InProcessCluster.start(
                ranks,
                InetAddress.getLoopbackAddress(),
                SHORT,
                meeting -> Backends.ofHost(new Stuck(testEnded), "the ranks are threads."));
    }

    @Test
    void aCollectiveThatBlocksInALibrary_failsByTheOperationTimeout_whileThePeersAreAlive() {
        InProcessCluster cluster = start();
        List<Throwable> failures =
                cluster.run(
                        c -> {
                            c.barrier("begin");
                            HostTensor tensor = HostTensor.allocate(DataType.FLOAT32, 9);
                            return catchThrowable(() -> c.allReduce("w", tensor, ReduceOp.SUM));
                        });
        assertThat(failures)
                .hasSize(2)
                .allSatisfy(
                        failure ->
                                assertThat(failure)
                                        .isInstanceOf(OperationTimeoutException.class)
                                        .hasMessageContainingAll(
                                                "waited 1.0 s",
                                                "'w'",
                                                "The peers are alive",
                                                "JHOROVOD_OPERATION_TIMEOUT_SECONDS"));
        assertThat(catchThrowable(() -> cluster.communicators().get(0).barrier("next")))
                .isInstanceOf(OperationTimeoutException.class);
        long start = System.nanoTime();
        cluster.close();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(6));
    }
}
