package org.jhorovod.allreduce.transport.shm;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jhorovod.allreduce.spi.Operation;

/*
 * Nobody wakes a rank that waits for memory to change. Looking all the time sees it first, but takes
 * the core from whoever has to make the change if there are more ranks than cores. So:
 *   look, while each rank may have a core of its own; otherwise leave the core to others in between
 *   -> sleep a little, and look again.
 */
/** How a rank waits for shared memory to change. */
final class Patience {
    private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
    private static final long SLEEP_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
    private static final int LOOKS = 64;

    private final boolean sharesCores;

    /**
     * Looks in a way that fits this host.
     *
     * @param ranks that run on it
     * @param cores that it has
     */
    Patience(int ranks, int cores) {
        this.sharesCores = ranks > cores;
    }

    /** Returns once the condition holds; throws what ends the operation. */
    void await(Operation operation, BooleanSupplier isDone) {
        if (look(isDone)) {
            return;
        }
        while (!isDone.getAsBoolean()) {
            LockSupport.parkNanos(Math.min(SLEEP_NANOS, operation.allowedWaitNanos()));
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // a yield is meant: to whoever makes the change
    private boolean look(BooleanSupplier isDone) {
        long end = System.nanoTime() + LOOK_NANOS;
        do {
            for (int i = 0; i < LOOKS; i++) {
                if (isDone.getAsBoolean()) {
                    return true;
                }
                if (sharesCores) {
                    Thread.yield();
                } else {
                    Thread.onSpinWait();
                }
            }
        } while (System.nanoTime() - end < 0);
        return false;
    }
}
