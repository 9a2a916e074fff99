package org.jhorovod.allreduce.backend.mpi;

import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/** Waits for what MPI does without blocking, which moves only when it is asked. */
final class Polling {
    // Ranks in step are less apart; those that are not leave their core to others.
    private static final long SPIN_NANOS = 2_000_000;
    private static final long PARK_NANOS = 50_000;

    private Polling() {}

    /**
     * Returns when a request is done.
     *
     * @param allowedWaitNanos how long to wait before it is asked again; throws to end the wait
     */
    @SuppressWarnings("ThreadPriorityCheck") // a yield is meant: to whoever has work on this core
    static void await(MpiBindings bindings, Object request, LongSupplier allowedWaitNanos)
            throws MpiException {
        long spinEnd = System.nanoTime() + SPIN_NANOS;
        while (!bindings.isDone(request)) {
            if (System.nanoTime() - spinEnd < 0) {
                Thread.yield();
            } else {
                LockSupport.parkNanos(Math.min(PARK_NANOS, allowedWaitNanos.getAsLong()));
            }
        }
    }
}
