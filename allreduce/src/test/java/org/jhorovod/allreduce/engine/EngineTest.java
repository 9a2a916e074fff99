package org.jhorovod.allreduce.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.Uninterruptibles;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class EngineTest {
    private final List<CollectiveException> reported = new CopyOnWriteArrayList<>();
    private final Engine engine =
            new Engine(
                    0,
                    Duration.ZERO,
                    reported::add,
                    bug -> new PeerLostException(0, bug.toString()));

    @Test
    void aFailureIsReportedOnce_beforeACollectiveThatWasGivenUpFails() {
        CountDownLatch released = new CountDownLatch(1);
        CountDownLatch entered = new CountDownLatch(1);
        CompletableFuture<Void> stuck = new CompletableFuture<>();
        CompletableFuture<Integer> reportsAtItsEnd =
                stuck.handle((nothing, failure) -> reported.size());
        engine.start();
        engine.submit(
                new Engine.Submission(
                        () -> {
                            entered.countDown();
                            Uninterruptibles.awaitUninterruptibly(released);
                            throw new IllegalStateException("what the library says at last");
                        },
                        stuck));
        Uninterruptibles.awaitUninterruptibly(entered);

        PeerLostException cause = new PeerLostException(1, "Rank 1 is lost");
        engine.giveUpAfter(Duration.ZERO, cause);

        await().until(stuck::isCompletedExceptionally);
        assertThat(reportsAtItsEnd).isCompletedWithValue(1);
        released.countDown();
        await().until(() -> !engine.isAlive());
        assertThat(reported).containsExactly(cause);
    }

    @Test
    void aCaller_runsItsCollectiveOnlyIfNothingElseIsUnderWay() {
        CountDownLatch released = new CountDownLatch(1);
        Engine.Submission first =
                new Engine.Submission(
                        () -> Uninterruptibles.awaitUninterruptibly(released),
                        new CompletableFuture<>());
        engine.start();
        engine.submit(first);

        assertThat(engine.submitHere()).isFalse();
        released.countDown();
        first.future().join();
        await().until(engine::submitHere);
        assertThat(engine.submitHere()).isFalse();
    }

    @Test
    void whatIsSubmittedMeanwhile_runsOnceTheCallerHasRunItsOwn() {
        List<String> order = new CopyOnWriteArrayList<>();
        Engine.Submission next = recording(order, "engine");
        engine.start();

        assertThat(engine.submitHere()).isTrue();
        engine.submit(next);
        engine.runHere(recording(order, "caller"));

        next.future().join();
        assertThat(order).containsExactly("caller", "engine");
    }

    @Test
    void aFailureOnACallersThread_endsWhatWaits() {
        PeerLostException cause = new PeerLostException(1, "Rank 1 is lost");
        Engine.Submission failing =
                new Engine.Submission(
                        () -> {
                            throw cause;
                        },
                        new CompletableFuture<>());
        Engine.Submission waiting = recording(new CopyOnWriteArrayList<>(), "never");
        engine.start();

        assertThat(engine.submitHere()).isTrue();
        engine.submit(waiting);
        engine.runHere(failing);

        await().until(waiting.future()::isCompletedExceptionally);
        assertThat(failing.future()).isCompletedExceptionally();
        assertThat(reported).containsExactly(cause);
        assertThat(engine.submitHere()).isFalse();
    }

    private static Engine.Submission recording(List<String> order, String what) {
        return new Engine.Submission(() -> order.add(what), new CompletableFuture<>());
    }
}
