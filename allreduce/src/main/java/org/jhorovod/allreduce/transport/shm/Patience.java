package org.jhorovod.allreduce.transport.shm;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jhorovod.allreduce.spi.Look;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.transport.Uninterrupted;

/** How a rank waits for shared memory to change, of which nobody tells it. */
final class Patience {
    private static final long SLEEP_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
    private static final int LOOKS = 64;

    private Patience() {}

    /** Returns once the condition holds; throws what ends the operation. */
    static void await(Operation operation, BooleanSupplier isDone) {
        Look look = operation.look();
        do {
            for (int i = 0; i < LOOKS; i++) {
                if (isDone.getAsBoolean()) {
                    return;
                }
                Thread.onSpinWait();
            }
        } while (look.again());
        sleepUntil(operation, isDone);
    }

    private static void sleepUntil(Operation operation, BooleanSupplier isDone) {
        try (Uninterrupted thread = new Uninterrupted()) {
            while (!isDone.getAsBoolean()) {
                LockSupport.parkNanos(Math.min(SLEEP_NANOS, operation.allowedWaitNanos()));
                thread.putOff();
            }
        }
    }
}
