package org.jhorovod.examples;

import ai.djl.engine.Engine;
import java.nio.LongBuffer;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/** The GPUs of all ranks. */
final class RankGpus {

    private RankGpus() {}

    /**
     * Refuses where a rank has no GPU. The ranks agree on it, so that all say the same and nobody
     * waits for a rank that has gone.
     *
     * @param hasBackend whether this rank has what it needs beside a GPU to reduce on it
     * @param option that asks for GPUs
     * @param otherwise what is measured without it
     * @throws DataException on every rank, with the first one that cannot
     */
    static void require(
            Communicator communicator, boolean hasBackend, String option, String otherwise) {
        boolean hasGpu = Engine.getInstance().getGpuCount() > 0;
        HostTensor first = HostTensor.allocate(DataType.INT64, 1);
        LongBuffer value = first.buffers().get(0).asLongBuffer();
        value.put(
                0,
                hasGpu && hasBackend
                        ? Long.MAX_VALUE
                        : 2L * communicator.rank() + (hasGpu ? 1 : 0));
        communicator.allReduce("first rank without a device", first, ReduceOp.MIN);
        long found = value.get(0);
        if (found != Long.MAX_VALUE) {
            throw new DataException(
                    "%s measures on GPUs, but rank %d has %s. jhorovodrun --check-build says more; without it %s is measured."
                            .formatted(
                                    option,
                                    found / 2,
                                    found % 2 == 1
                                            ? "no backend that reduces on one"
                                            : "none that DJL's PyTorch sees",
                                    otherwise));
        }
    }
}
