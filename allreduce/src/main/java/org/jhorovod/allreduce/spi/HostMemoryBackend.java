package org.jhorovod.allreduce.spi;

import java.time.Duration;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;

/** Every job has one: barriers and agreements go through host memory, whatever the tensors do. */
public interface HostMemoryBackend extends Backend<HostTensor> {

    /** Returns when all ranks have called it. */
    void barrier(Operation operation);

    /**
     * Compares what this rank is about to run with at least one other rank, around all of them, so
     * that a collective that differs somewhere is found on some rank, which then fails the job.
     * Each collective on host memory does so by itself.
     *
     * @throws MismatchException naming both calls
     */
    void compareCalls(Operation operation);

    /**
     * Allocates memory for tensors, on all ranks at the same time.
     *
     * @return ordinary memory where the backend gains nothing from other
     */
    default Allocation allocate(Operation operation, long byteCount) {
        compareCalls(operation);
        return Allocation.ordinary(byteCount);
    }

    /** Forgets registered memory of this rank, which no collective will use again. Any thread. */
    default void release(int number) {}

    /**
     * Whether a blocking collective may run on the thread that calls it, in the engine's turn: it
     * ends by itself soon after the job has failed or its deadline has passed.
     */
    default boolean runsOnCallers() {
        return false;
    }

    /**
     * How long the engine looks for the next collective, and a caller for the end of one, before
     * they sleep. More than zero where waking costs more than that: in collectives of microseconds,
     * or in a library that is slow to get going on another core.
     */
    default Duration alertness() {
        return Duration.ZERO;
    }
}
