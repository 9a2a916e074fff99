package org.jhorovod.allreduce.algorithm;

import java.util.List;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.spi.Operation;

/**
 * The collectives around the ring of all ranks. Each starts with a header to the next rank, which
 * finds calls that differ before any element is touched.
 */
public final class RingCollectives implements AllReduce {
    private final RingExchange exchange;
    private final int position;
    private final int size;

    /** Over the ring of all ranks. */
    public RingCollectives(RingExchange exchange) {
        this.exchange = exchange;
        this.position = exchange.ring().position();
        this.size = exchange.ring().size();
    }

    @Override
    public void allReduce(Operation operation, HostTensor tensor, ReduceOp op) {
        RingPlan plan =
                size == 2
                        ? RingPlan.exchange(tensor.byteCount())
                        : RingPlan.allReduce(position, chunks(tensor));
        exchange.compareAndRun(operation, plan, tensor, op, op == ReduceOp.AVERAGE ? size : 1);
    }

    /** Completes an output that holds this rank's part already. */
    public void allGather(Operation operation, HostTensor output) {
        RingPlan plan = RingPlan.allGather(position, chunks(output));
        exchange.compareAndRun(operation, plan, output, ReduceOp.SUM, 1);
    }

    /** Replaces the tensor by that of the root. */
    public void broadcast(Operation operation, HostTensor tensor, int root) {
        RingPlan plan = RingPlan.broadcast(position, size, root, tensor.byteCount());
        exchange.compareAndRun(operation, plan, tensor, ReduceOp.SUM, 1);
    }

    /** Compares the call with that of the previous rank, and nothing more. */
    public void compareCalls(Operation operation) {
        exchange.compareCalls(operation);
    }

    private List<Span> chunks(HostTensor tensor) {
        return new Span(0, tensor.byteCount()).split(size, tensor.type().byteCount());
    }
}
