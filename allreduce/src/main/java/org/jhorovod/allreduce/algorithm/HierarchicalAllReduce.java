package org.jhorovod.allreduce.algorithm;

import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.spi.Phase;
import org.jhorovod.allreduce.transport.Ring;

/*
 * All-reduce by place. H hosts; on the smallest run k ranks, on this one L, in all P.
 *
 * carrier  a rank with one of the k lowest local ranks of its host
 * shard    one of k nearly equal parts of a slice; each host's carrier j holds shard j
 * slice    the part of a tensor that goes through all three phases before the next one starts
 *
 *   1. reduce-scatter in the ring of the host's ranks   L-1 steps, at most S bytes sent per rank:
 *      carrier j has shard j of its host; the others have none, their chunks are empty
 *   2. all-reduce of shard j in the ring of carriers j   2(H-1) steps, 2(S/k)(H-1)/H bytes
 *   3. all-gather in the ring of the host's ranks        L-1 steps, at most S bytes
 *
 * So a host sends 2S(H-1)/H bytes to another in 2(H-1) steps, where the ring around all ranks sends
 * 2S(P-1)/P in 2(P-1) steps. The calls are compared in that ring before, one step more: there
 * every rank is compared with its neighbour whatever it calls, a barrier too.
 *
 * Slices bound how long a rank that carries nothing waits for the carriers, as bytes that it does
 * not see do not move its deadline. The phases of one slice do not overlap.
 *
 * Each element is reduced completely, and divided, on one carrier of one host, and copied from
 * there: all ranks have the same bits.
 */
/** Reduces inside each host first, then between the hosts. */
public final class HierarchicalAllReduce implements AllReduce {
    // Long enough for the network's latency not to count, short enough to stay in the caches.
    private static final long SLICE_BYTES = 16 << 20;

    private final Hierarchy hierarchy;
    private final int size;
    private final RingExchange all;
    private final Optional<RingExchange> local;
    private final Optional<RingExchange> cross;

    /**
     * Uses the exchanges until the caller closes their links.
     *
     * @param all around all ranks, to compare the calls
     * @param local around this host's ranks; empty if this rank is alone on it
     * @param cross around the carriers of this rank's shard; empty if it carries none
     */
    public HierarchicalAllReduce(
            Hierarchy hierarchy,
            RingExchange all,
            Optional<RingExchange> local,
            Optional<RingExchange> cross) {
        this.hierarchy = hierarchy;
        this.size = all.ring().size();
        this.all = all;
        this.local = local;
        this.cross = cross;
    }

    @Override
    public void allReduce(Operation operation, HostTensor tensor, ReduceOp op) {
        all.compareCalls(operation);
        int elementBytes = tensor.type().byteCount();
        for (long offset = 0; offset < tensor.byteCount(); offset += SLICE_BYTES) {
            long bytes = Math.min(SLICE_BYTES, tensor.byteCount() - offset);
            List<Span> shards = hierarchy.shards(new Span(offset, bytes), elementBytes);
            reduceSlice(operation, bytes, shards, tensor, op);
        }
    }

    private void reduceSlice(
            Operation operation, long bytes, List<Span> shards, HostTensor tensor, ReduceOp op) {
        int localRank = hierarchy.local().position();
        local.ifPresent(
                ring -> {
                    long beganNanos = operation.beginPhase();
                    RingPlan plan = RingPlan.reduceScatter(localRank, shards);
                    ring.run(operation, plan, tensor, op, 1);
                    operation.endPhase(Phase.INTRA_HOST_REDUCE_SCATTER, bytes, beganNanos);
                });
        cross.ifPresent(
                ring -> {
                    long beganNanos = operation.beginPhase();
                    Ring carriers = ring.ring();
                    Span own = shards.get(localRank);
                    List<Span> chunks = own.split(carriers.size(), tensor.type().byteCount());
                    RingPlan plan = RingPlan.allReduce(carriers.position(), chunks);
                    ring.run(operation, plan, tensor, op, op == ReduceOp.AVERAGE ? size : 1);
                    operation.endPhase(Phase.INTER_HOST_ALL_REDUCE, own.byteCount(), beganNanos);
                });
        local.ifPresent(
                ring -> {
                    long beganNanos = operation.beginPhase();
                    RingPlan plan = RingPlan.allGather(localRank, shards);
                    ring.run(operation, plan, tensor, op, 1);
                    operation.endPhase(Phase.INTRA_HOST_ALL_GATHER, bytes, beganNanos);
                });
    }
}
