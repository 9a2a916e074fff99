package org.jhorovod.allreduce.engine;

import java.util.function.BiConsumer;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.spi.Operation;

/**
 * A collective whose arguments have been checked.
 *
 * @param call what it is, for the peers
 * @param shape of this rank's tensor
 * @param body what it does, on the backends of the communicator that runs it
 * @param runsOnCaller whether it may run on the thread that calls it
 */
record Collective(
        CollectiveCall call,
        TensorShape shape,
        BiConsumer<Backends, Operation> body,
        boolean runsOnCaller) {}
