package org.jhorovod.allreduce.backend.host;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.algorithm.AllReduce;
import org.jhorovod.allreduce.algorithm.RingCollectives;
import org.jhorovod.allreduce.algorithm.RingExchange;
import org.jhorovod.allreduce.algorithm.RingParts;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.transport.RingLinks;

/** Our own collectives, over a ring of links around all ranks and perhaps others beside it. */
public final class RingBackend implements HostMemoryBackend {
    private final Topology self;
    private final String transportName;
    private final List<RingLinks> links;
    private final RingCollectives ring;
    private final RingParts ringParts;
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
     * @param all around all ranks
     * @param byPlace another way to reduce than around that ring
     * @param prescaling done before it, in place
     * @param alertness of the engine
     */
    RingBackend(
            Topology self,
            String transportName,
            List<RingLinks> links,
            RingExchange all,
            Optional<AllReduce> byPlace,
            Prescaling prescaling,
            Duration alertness) {
        this.self = self;
        this.transportName = transportName;
        this.links = List.copyOf(links);
        this.ring = new RingCollectives(all);
        this.ringParts = new RingParts(all);
        this.allReduce = byPlace.orElse(ring);
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
    public void allGather(Operation operation, HostTensor input, HostTensor output, Parts parts) {
        ringParts.allGather(operation, input, output, parts);
    }

    @Override
    public void reduceScatter(
            Operation operation,
            HostTensor input,
            HostTensor output,
            Reduction reduction,
            Parts parts) {
        ringParts.reduceScatter(operation, input, output, reduction, parts);
    }

    @Override
    public void allToAll(
            Operation operation, HostTensor input, HostTensor output, ExchangeCounts counts) {
        ringParts.allToAll(operation, input, output, counts);
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
