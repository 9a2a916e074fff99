package org.jhorovod.allreduce.algorithm;

import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.spi.Operation;

/** A way to reduce over all ranks. Used by the engine's thread. */
public interface AllReduce {

    /** Replaces the tensor by its reduction, the same bits on every rank. */
    void allReduce(Operation operation, HostTensor tensor, ReduceOp op);
}
