package org.jhorovod.allreduce;

import static com.google.common.util.concurrent.Uninterruptibles.awaitUninterruptibly;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a blocking call whose thread is interrupted. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class InterruptTest {

    private static InProcessCluster start(String transport) {
        Map<Setting<?>, String> settings =
                Map.of(Settings.TRANSPORT, transport, Settings.OPERATION_TIMEOUT, "20");
        return PretendedHosts.start(PretendedHosts.of(2), Configuration.of(settings));
    }

    @ParameterizedTest
    @ValueSource(strings = {"shm", "tcp", "unix"})
    void theCollectiveEndsFirst_andTheThreadStaysInterrupted(String transport) {
        try (InProcessCluster cluster = start(transport)) {
            assertThat(interruptRankZeroInABarrier(cluster)).containsExactly(true, false);
        }
    }

    @Test
    void aThreadThatIsInterruptedAlready_leavesTheCollectiveToTheEngine() {
        CountDownLatch cancelled = new CountDownLatch(1);
        try (InProcessCluster cluster = start("tcp")) {
            List<Boolean> areCancelled =
                    cluster.run(
                            communicator -> {
                                if (communicator.rank() == 0) {
                                    Thread.currentThread().interrupt();
                                } else {
                                    // A barrier that has ended by then is not cancelled.
                                    assertThat(
                                                    awaitUninterruptibly(
                                                            cancelled, 20, TimeUnit.SECONDS))
                                            .isTrue();
                                }
                                boolean isCancelled = isCancelledInABarrier(communicator);
                                Thread.interrupted();
                                cancelled.countDown();
                                communicator.barrier("after");
                                return isCancelled;
                            });
            assertThat(areCancelled).containsExactly(true, false);
        }
    }

    private static boolean isCancelledInABarrier(Communicator communicator) {
        try {
            communicator.barrier("b");
            return false;
        } catch (CancellationException e) {
            return true;
        }
    }

    private static List<Boolean> interruptRankZeroInABarrier(InProcessCluster cluster) {
        CompletableFuture<Thread> rankZero = new CompletableFuture<>();
        return cluster.run(
                communicator -> {
                    if (communicator.rank() == 0) {
                        rankZero.complete(Thread.currentThread());
                    } else {
                        await().until(() -> isInACollective(rankZero.join()));
                        rankZero.join().interrupt();
                    }
                    communicator.barrier("b");
                    return Thread.interrupted();
                });
    }

    private static boolean isInACollective(Thread thread) {
        return Arrays.stream(thread.getStackTrace())
                .anyMatch(
                        frame ->
                                frame.getMethodName().equals("awaitReady")
                                        || frame.getMethodName().equals("sleepUntil"));
    }
}
