package org.jhorovod.allreduce.backend.host;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.algorithm.RingExchange;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.transport.RingLinks;

/** Our own collectives over a ring of links. */
public final class RingBackend implements HostMemoryBackend {
    private final Topology self;
    private final String transportName;
    private final RingLinks links;
    private final RingExchange ring;
    // A barrier is an all-gather of one element a rank: nobody has all before all have come.
    private final HostTensor token;
    private final HostTensor tokens;

    /** Takes over the links, which {@link #close} closes. */
    public RingBackend(Topology self, String transportName, RingLinks links) {
        this.self = self;
        this.transportName = transportName;
        this.links = links;
        this.ring = new RingExchange(self, links, new JavaReductionKernel());
        this.token = HostTensor.allocate(DataType.INT32, 1);
        this.tokens = HostTensor.allocate(DataType.INT32, self.size());
    }

    @Override
    public String transportName() {
        return transportName;
    }

    @Override
    public void allReduce(Operation operation, HostTensor tensor, ReduceOp op) {
        ring.allReduce(operation, tensor, op);
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
    public void wakeup() {
        links.wakeup();
    }

    @Override
    public void close() {
        links.close();
    }
}
