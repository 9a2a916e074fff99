package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.jhorovod.allreduce.NamedTensors.ints;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.transport.Ring;
import org.jhorovod.allreduce.transport.RingLinks;
import org.jhorovod.allreduce.transport.Transport;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A connection that takes all bytes and delivers none, while the ranks' heartbeats go on. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SilentLinkTest {
    private static final Configuration IMPATIENT =
            Configuration.of(
                    Map.of(Settings.STALL_WARNING, "0.5", Settings.OPERATION_TIMEOUT, "2"));

    /** The links from rank 1 to rank 2 swallow what they are given, once told to. */
    private static final class Swallowing implements Transport {
        private final Transport links = new InProcessTransport();
        private volatile boolean isSilent;

        @Override
        public String name() {
            return links.name();
        }

        @Override
        public RingLinks open(Meeting meeting, Ring ring) throws IOException {
            RingLinks own = links.open(meeting, ring);
            return ring.rank() == 1 ? new Links(own) : own;
        }

        private final class Links implements RingLinks {
            private final RingLinks own;

            Links(RingLinks own) {
                this.own = own;
            }

            @Override
            public int write(ByteBuffer source) throws IOException {
                if (!isSilent) {
                    return own.write(source);
                }
                int count = source.remaining();
                source.position(source.limit());
                return count;
            }

            @Override
            public int read(ByteBuffer target) throws IOException {
                return own.read(target);
            }

            @Override
            public void awaitReady(boolean toRead, boolean toWrite, long timeoutNanos)
                    throws IOException {
                own.awaitReady(toRead, toWrite, timeoutNanos);
            }

            @Override
            public void wakeup() {
                own.wakeup();
            }

            @Override
            public void close() {
                own.close();
            }
        }
    }

    private static void assertSilenceIsBlamed(Function<NamedCommunicator, Throwable> program) {
        Swallowing transport = new Swallowing();
        try (InProcessCluster cluster = InProcessCluster.start(3, transport, IMPATIENT)) {
            cluster.runNamed(
                    c -> {
                        c.barrier("begin");
                        return 0;
                    });
            transport.isSilent = true;
            List<Throwable> failures = cluster.runNamed(program);
            assertThat(failures)
                    .hasSize(3)
                    .allSatisfy(
                            failure ->
                                    assertThat(failure)
                                            .isInstanceOf(OperationTimeoutException.class)
                                            .hasMessageContainingAll(
                                                    "'w'",
                                                    "all ranks have submitted it",
                                                    "no bytes come from rank ",
                                                    "firewall")
                                            .hasMessageNotContainingAny(
                                                    "missing", "Stalled", "skips a collective"));
        }
    }

    @Test
    void aTensorByName_failsWithWhatIsSilent_notWithARankThatIsMissing() {
        assertSilenceIsBlamed(
                c -> catchThrowable(() -> c.allReduce("w", ints(9, 1), ReduceOp.SUM)));
    }

    @Test
    void aTensorThatOtherRanksDoNotSubmitForIt_isNotBlamed() {
        assertSilenceIsBlamed(
                c -> {
                    CompletableFuture<Void> next =
                            c.rank() == 0
                                    ? c.allReduceAsync("v", ints(9, 1), ReduceOp.SUM)
                                    : new CompletableFuture<>();
                    if (c.rank() == 0) { // whose time is over before that of the one that hangs
                        Awaitility.await()
                                .pollDelay(Duration.ofSeconds(1))
                                .until(() -> !next.isDone());
                    }
                    Throwable failure =
                            catchThrowable(() -> c.allReduce("w", ints(9, 1), ReduceOp.SUM));
                    if (c.rank() == 0) {
                        assertThat(catchThrowable(() -> c.await(next)))
                                .isInstanceOf(OperationTimeoutException.class)
                                .hasMessageContaining("'w'");
                    }
                    return failure;
                });
    }
}
