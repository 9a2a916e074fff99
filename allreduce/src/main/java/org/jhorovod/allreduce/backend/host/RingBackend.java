package org.jhorovod.allreduce.backend.host;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jhorovod.allreduce.algorithm.AllReduce;
import org.jhorovod.allreduce.algorithm.RingCollectives;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.transport.RingLinks;

/** Our own collectives, over a ring of links around all ranks and perhaps others beside it. */
public final class RingBackend implements HostMemoryBackend {
    private final Topology self;
    private final String transportName;
    private final List<RingLinks> links;
    private final RingCollectives ring;
    private final AllReduce allReduce;
    private final Prescaling prescaling;
    private final Duration alertness;
    // A barrier is an all-gather of one element a rank: nobody has all before all have come.
    private final HostTensor token;
    private final HostTensor tokens;

    /**
     * Takes over the links, which {@link #close} closes.
     *
     * @param links all that the collectives use
     * @param ring around all ranks
     * @param allReduce perhaps another way than that ring
     * @param prescaling done before it, in place
     * @param alertness of the engine
     */
    RingBackend(
            Topology self,
            String transportName,
            List<RingLinks> links,
            RingCollectives ring,
            AllReduce allReduce,
            Prescaling prescaling,
            Duration alertness) {
        this.self = self;
        this.transportName = transportName;
        this.links = List.copyOf(links);
        this.ring = ring;
        this.allReduce = allReduce;
        this.prescaling = prescaling;
        this.alertness = alertness;
        this.token = HostTensor.allocate(DataType.INT32, 1);
        this.tokens = HostTensor.allocate(DataType.INT32, self.size());
    }

    @Override
    public String transportName() {
        return transportName;
    }

    @Override
    public void allReduce(Operation operation, HostTensor tensor, Reduction reduction) {
        prescaling.apply(tensor, reduction);
        allReduce.allReduce(operation, tensor, reduction.op());
    }

    @Override
    public void broadcast(Operation operation, HostTensor tensor, int root) {
        ring.broadcast(operation, tensor, root);
    }

    @Override
    public void allGather(Operation operation, HostTensor input, HostTensor output) {
        copy(input, output, self.rank() * input.byteCount());
        ring.allGather(operation, output);
    }

    @Override
    public void barrier(Operation operation) {
        allGather(operation, token, tokens);
    }

    @Override
    public void compareCalls(Operation operation) {
        ring.compareCalls(operation);
    }

    static void copy(HostTensor input, HostTensor output, long byteOffset) {
        long offset = byteOffset;
        for (ByteBuffer source : input.buffers()) {
            while (source.hasRemaining()) {
                ByteBuffer target = output.view(offset, source.remaining());
                int bytes = target.remaining();
                target.put(source.slice(source.position(), bytes));
                source.position(source.position() + bytes);
                offset += bytes;
            }
        }
    }

    @Override
    public Duration alertness() {
        return alertness;
    }

    @Override
    public boolean runsOnCallers() {
        return true;
    }

    @Override
    public void wakeup() {
        links.forEach(RingLinks::wakeup);
    }

    @Override
    public void close() {
        links.forEach(RingLinks::close);
    }
}
