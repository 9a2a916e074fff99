package org.jhorovod.allreduce.spi;

import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Tensor;

/**
 * A library that owns its collective algorithms.
 *
 * <p>All collectives are called by one thread at a time, in the same order on all ranks: the
 * engine's, but for {@link HostMemoryBackend#runsOnCallers}. On host memory they block until done;
 * on device memory until the result is ordered in the tensor's stream. They throw {@link
 * CollectiveException} and leave the memory undefined when they fail. {@link #wakeup} may be called
 * from any thread.
 *
 * @param <T> the memory that it works on
 */
public interface Backend<T extends Tensor> extends AutoCloseable {

    /** The name for reports: how the bytes travel. */
    String transportName();

    /**
     * Replaces the tensor by the reduction over all ranks; the same bits on each.
     *
     * @param reduction has a meaning for the tensor's type; its prescale is this rank's own, and it
     *     has no postscale; of elements each by itself
     */
    void allReduce(Operation operation, T tensor, Reduction reduction);

    /** Replaces the tensor by that of {@code root}. */
    void broadcast(Operation operation, T tensor, int root);

    /** Gathers the inputs of all ranks in rank order. */
    void allGather(Operation operation, T input, T output);

    /** Gathers the inputs of all ranks, each as long as its part, in rank order. */
    void allGather(Operation operation, T input, T output, Parts parts);

    /**
     * Reduces the inputs over all ranks, and gives each rank its part.
     *
     * @param input all parts in rank order; stays as it is
     * @param output this rank's part; overlaps the input nowhere
     * @param reduction has a meaning for the tensor's type; its prescale is this rank's own, and it
     *     has no postscale; of elements each by itself
     */
    void reduceScatter(Operation operation, T input, T output, Reduction reduction, Parts parts);

    /**
     * Sends a part of the input to each rank.
     *
     * @param input what each rank is sent, in rank order; stays as it is
     * @param output what each rank sends here, in rank order; overlaps the input nowhere
     * @param counts on which the ranks agree
     */
    void allToAll(Operation operation, T input, T output, ExchangeCounts counts);

    /**
     * Makes a collective that waits look at {@link Operation#allowedWaitNanos} again, where it can.
     * One that cannot be woken is given up by the engine.
     */
    void wakeup();

    /**
     * How many collectives were called and have not run yet, or not well: they stay counted once
     * the backend has failed. Does not block; may be called from any thread. Always 0 on host
     * memory, where the calls block until done.
     */
    default int unfinished() {
        return 0;
    }

    /** Lets everything go; bounded in time, also while a collective is stuck. */
    @Override
    void close();
}
