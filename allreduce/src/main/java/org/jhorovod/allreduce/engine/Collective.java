package org.jhorovod.allreduce.engine;

import java.util.function.BiConsumer;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.timeline.FusedTensors;

/**
 * A collective whose arguments have been checked.
 *
 * @param call what it is, for the peers
 * @param shape of this rank's tensor
 * @param body what it does, on the backends of the communicator that runs it
 * @param runsOnCaller whether it may run on the thread that calls it
 * @param fused the tensors that it is of, for who records it
 */
record Collective(
        CollectiveCall call,
        TensorShape shape,
        BiConsumer<Backends, Operation> body,
        boolean runsOnCaller,
        FusedTensors fused) {

    /** Of one tensor. */
    Collective(
            CollectiveCall call,
            TensorShape shape,
            BiConsumer<Backends, Operation> body,
            boolean runsOnCaller) {
        this(call, shape, body, runsOnCaller, FusedTensors.NONE);
    }

    /** The same of tensors that have been packed together. */
    Collective withFused(FusedTensors tensors) {
        return new Collective(call, shape, body, runsOnCaller, tensors);
    }
}
