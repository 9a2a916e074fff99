package org.jhorovod.allreduce.spi;

import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * A library that owns its collective algorithms.
 *
 * <p>All collectives are called by the engine's one thread, in the same order on all ranks, and
 * block until done; they throw {@link CollectiveException} and leave the memory undefined when they
 * fail. {@link #wakeup} may be called from any thread.
 */
public interface Backend extends AutoCloseable {

    /** The name for reports: how the bytes travel. */
    String transportName();

    /** Replaces the tensor by the reduction over all ranks; the same bits on each. */
    void allReduce(Operation operation, HostTensor tensor, ReduceOp op);

    /** Replaces the tensor by that of {@code root}. */
    void broadcast(Operation operation, HostTensor tensor, int root);

    /** Gathers the inputs of all ranks in rank order. */
    void allGather(Operation operation, HostTensor input, HostTensor output);

    /** Returns when all ranks have called it. */
    void barrier(Operation operation);

    /** Makes a collective that waits look at {@link Operation#allowedWaitNanos} again. */
    void wakeup();

    @Override
    void close();
}
