package org.jhorovod.allreduce.collective;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Collectives that ranks submit by name: in any order, from any thread, in another order on each
 * rank. Rank 0 agrees the order; ranks that submit a name later hold up nothing else.
 *
 * <p>What the ranks do not agree on fails on all of them with {@link MismatchException}, and the
 * job goes on. A name is free again when its future is complete. Tensors lie in host memory.
 *
 * <pre>{@code
 * NamedCommunicator communicator = JHorovod.init();
 * CompletableFuture<Void> loss = communicator.allReduceAsync("loss", tensor, ReduceOp.AVERAGE);
 * }</pre>
 *
 * <p>Where all ranks call the same collectives in the same order anyway, {@link #planned()} has
 * nothing to agree on, and a call costs less. {@link #allocate}, {@link #split} and {@link
 * #synchronize} are those of {@link #planned()}.
 */
public interface NamedCommunicator extends Communicator {

    /**
     * All-reduces several tensors, of which all run or none does. Does not block; each memory
     * belongs to the engine until the future completes.
     *
     * @param name of the group, the same on all ranks; the tensors are called {@code name/0} and so
     *     on
     * @param tensors as many on every rank
     */
    CompletableFuture<Void> groupedAllReduceAsync(
            String name, List<? extends Tensor> tensors, Reduction reduction);

    /** {@link #groupedAllReduceAsync} that blocks until the results are there. */
    default void groupedAllReduce(
            String name, List<? extends Tensor> tensors, Reduction reduction) {
        await(groupedAllReduceAsync(name, tensors, reduction));
    }

    /**
     * Says that this rank submits nothing more. Until all ranks have said so the others go on, and
     * this rank takes part with nothing: averages are those of the ranks that took part; sums,
     * minima, maxima and products leave it out; an all-gather has no rows of it; a barrier does not
     * wait for it. A broadcast from it fails. Does not block.
     *
     * @return completes with the rank that joined last, the same on all ranks
     * @throws MismatchException if this rank has joined already
     */
    CompletableFuture<Integer> joinAsync();
}
