package org.jhorovod.allreduce.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.negotiation.Step;
import org.jhorovod.allreduce.timeline.FusedTensors;
import org.jhorovod.allreduce.timeline.Track;

/** Reduces several tensors as one. Owned by the lane's thread. */
final class Fusion {
    private final Track track;
    private final FusionBuffer buffer = new FusionBuffer();
    private final Postscaling postscaling = new Postscaling();

    /**
     * Of a lane.
     *
     * @param track where packing and unpacking are recorded
     */
    Fusion(Track track) {
        this.track = track;
    }

    /**
     * Blocks until all are reduced.
     *
     * @param agreed what all ranks reduce, of one type and operation
     * @param own this rank's tensors of them, in the same order
     */
    void reduce(EngineCommunicator lane, List<Step.Entry> agreed, List<Named<?>> own) {
        CollectiveCall first = agreed.get(0).request().call();
        FusedTensors fused = track.isRead() ? fused(agreed) : FusedTensors.NONE;
        List<HostTensor> tensors = new ArrayList<>();
        own.forEach(named -> tensors.add(named.tensor()));
        ReduceOp op = Objects.requireNonNull(first.op());
        long packingNanos = track.begin();
        HostTensor packed = buffer.pack(first.type(), tensors);
        track.span("PACK", first.name(), packed.byteCount(), packingNanos, fused);
        lane.run(
                lane.collectives()
                        .allReduce(first.name(), packed, Reduction.of(op))
                        .withFused(fused));
        long unpackingNanos = track.begin();
        buffer.unpack(tensors);
        own.forEach(named -> postscaling.apply(named.tensor(), named.postscale()));
        track.span("UNPACK", first.name(), packed.byteCount(), unpackingNanos);
    }

    private static FusedTensors fused(List<Step.Entry> agreed) {
        return FusedTensors.of(agreed.stream().map(entry -> entry.request().name()).toList());
    }
}
