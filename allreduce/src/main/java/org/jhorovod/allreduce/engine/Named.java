package org.jhorovod.allreduce.engine;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.negotiation.Step;
import org.jspecify.annotations.Nullable;

/**
 * What this rank does when a name's turn has come, and the future of it.
 *
 * @param <T> what comes of it
 */
final class Named<T> {
    private final Body<T> body;
    private final Optional<HostTensor> fusible;
    private final double postscale;
    private final CompletableFuture<T> future = new CompletableFuture<>();
    private @Nullable T result; // owned by the lane's thread; null before, and of Void

    /** Runs what was submitted, and blocks until it is done. */
    @FunctionalInterface
    interface Body<T> {
        /**
         * Runs it.
         *
         * @param lane on which all ranks do so in the same order
         * @param takingPart how many ranks do so with a tensor of their own
         * @return null for Void
         */
        @Nullable T run(EngineCommunicator lane, Step.Entry entry, int takingPart);
    }

    private Named(Body<T> body, Optional<HostTensor> fusible, double postscale) {
        this.body = body;
        this.fusible = fusible;
        this.postscale = postscale;
    }

    /** What runs by itself. */
    static <T> Named<T> of(Body<T> body) {
        return new Named<>(body, Optional.empty(), 1);
    }

    /**
     * What may be reduced together with others of its type and operation.
     *
     * @param postscale its own factor after that; the body applies it by itself
     */
    static Named<Void> ofFusible(HostTensor tensor, double postscale, Body<Void> body) {
        return new Named<>(body, Optional.of(tensor), postscale);
    }

    CompletableFuture<T> future() {
        return future;
    }

    /** The tensor to fuse. */
    HostTensor tensor() {
        return fusible.orElseThrow();
    }

    /** The factor of its result, where it has been fused. */
    double postscale() {
        return postscale;
    }

    void run(EngineCommunicator lane, Step.Entry entry, int takingPart) {
        result = body.run(lane, entry, takingPart);
    }

    @SuppressWarnings("NullAway") // null for Void alone
    void complete() {
        future.complete(result);
    }

    void fail(CollectiveException cause) {
        future.completeExceptionally(cause);
    }
}
