package org.jhorovod.allreduce.spi;

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
}
