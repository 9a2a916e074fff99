package org.jhorovod.allreduce.backend.host;

import java.time.Duration;
import java.util.List;
import org.jhorovod.allreduce.algorithm.SharedAllocation;
import org.jhorovod.allreduce.algorithm.SharedCollectives;
import org.jhorovod.allreduce.algorithm.SharedParts;
import org.jhorovod.allreduce.algorithm.SharedRounds;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.Allocation;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.transport.shm.RegisteredSegments;
import org.jhorovod.allreduce.transport.shm.SegmentFiles;
import org.jhorovod.allreduce.transport.shm.SharedGroup;
import org.jhorovod.allreduce.transport.shm.SharedMemoryTransport;

/** Our own collectives where all ranks share the memory of one host. */
public final class SharedMemoryBackend implements HostMemoryBackend {
    private static final Duration ALERTNESS = Duration.ofNanos(100_000);

    private final SharedCollectives collectives;
    private final SharedParts withParts;
    private final SharedAllocation allocation;
    private final Prescaling prescaling;
    private final RegisteredSegments registered = new RegisteredSegments();

    /**
     * Over a group of all ranks.
     *
     * @param self this rank, which is at the position of its number
     * @param files where registered memory comes from
     */
    public SharedMemoryBackend(Topology self, SharedGroup group, SegmentFiles files) {
        List<Integer> ranks = self.ranks();
        SharedRounds rounds = new SharedRounds(group, ranks, self);
        JavaReductionKernel kernel = new JavaReductionKernel();
        this.collectives = new SharedCollectives(rounds, registered, kernel);
        this.withParts = new SharedParts(rounds, kernel);
        this.allocation = new SharedAllocation(rounds, registered, files);
        this.prescaling = new Prescaling(kernel);
    }

    @Override
    public String transportName() {
        return SharedMemoryTransport.NAME;
    }

    @Override
    public void allReduce(Operation operation, HostTensor tensor, Reduction reduction) {
        prescaling.apply(tensor, reduction);
        collectives.allReduce(operation, tensor, reduction.op());
    }

    @Override
    public void broadcast(Operation operation, HostTensor tensor, int root) {
        collectives.broadcast(operation, tensor, root);
    }

    @Override
    public void allGather(Operation operation, HostTensor input, HostTensor output) {
        collectives.allGather(operation, input, output);
    }

    @Override
    public void allGather(Operation operation, HostTensor input, HostTensor output, Parts parts) {
        withParts.allGather(operation, input, output, parts);
    }

    @Override
    public void reduceScatter(
            Operation operation,
            HostTensor input,
            HostTensor output,
            Reduction reduction,
            Parts parts) {
        withParts.reduceScatter(operation, input, output, reduction, parts);
    }

    @Override
    public void allToAll(
            Operation operation, HostTensor input, HostTensor output, ExchangeCounts counts) {
        withParts.allToAll(operation, input, output, counts);
    }

    @Override
    public Allocation allocate(Operation operation, long byteCount) {
        return allocation.allocate(operation, byteCount);
    }

    @Override
    public void release(int number) {
        registered.remove(number);
    }

    /** Nobody is past a round before all have come to it. */
    @Override
    public void barrier(Operation operation) {
        collectives.compareCalls(operation);
    }

    @Override
    public void compareCalls(Operation operation) {
        collectives.compareCalls(operation);
    }

    @Override
    public Duration alertness() {
        return ALERTNESS;
    }

    @Override
    public boolean runsOnCallers() {
        return true;
    }

    /** Does nothing: who waits for memory looks at the operation all the time. */
    @Override
    public void wakeup() {}

    /** Does nothing: the memory goes once nobody sees it any more. */
    @Override
    public void close() {}
}
