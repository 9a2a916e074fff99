package org.jhorovod.allreduce.engine;

import java.util.function.Consumer;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.spi.Operation;

/**
 * A collective whose arguments have been checked.
 *
 * @param call what it is, for the peers
 * @param body what it does
 * @param runsOnCaller whether it may run on the thread that calls it
 */
record Collective(CollectiveCall call, Consumer<Operation> body, boolean runsOnCaller) {}
