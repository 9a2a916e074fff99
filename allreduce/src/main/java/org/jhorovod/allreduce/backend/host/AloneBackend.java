package org.jhorovod.allreduce.backend.host;

import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.Operation;

/**
 * The collectives of a world of one rank: each leaves the elements as they are, but for a prescale.
 */
public final class AloneBackend implements HostMemoryBackend {
    private final Prescaling prescaling = Prescaling.inJava();

    @Override
    public String transportName() {
        return "none";
    }

    @Override
    public void allReduce(Operation operation, HostTensor tensor, Reduction reduction) {
        prescaling.apply(tensor, reduction);
    }

    @Override
    public void broadcast(Operation operation, HostTensor tensor, int root) {}

    @Override
    public void allGather(Operation operation, HostTensor input, HostTensor output) {
        RingBackend.copy(input, output, 0);
    }

    @Override
    public void allGather(Operation operation, HostTensor input, HostTensor output, Parts parts) {
        RingBackend.copy(input, output, 0);
    }

    @Override
    public void reduceScatter(
            Operation operation,
            HostTensor input,
            HostTensor output,
            Reduction reduction,
            Parts parts) {
        RingBackend.copy(input, output, 0);
        prescaling.apply(output, reduction);
    }

    @Override
    public void allToAll(
            Operation operation, HostTensor input, HostTensor output, ExchangeCounts counts) {
        RingBackend.copy(input, output, 0);
    }

    @Override
    public void barrier(Operation operation) {}

    @Override
    public void compareCalls(Operation operation) {}

    @Override
    public boolean runsOnCallers() {
        return true;
    }

    @Override
    public void wakeup() {}

    @Override
    public void close() {}
}
