package org.jhorovod.allreduce.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.RegisteredMemory;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.fusion.FusionPlanner;
import org.jhorovod.allreduce.negotiation.Request;
import org.jhorovod.allreduce.negotiation.StallReport;
import org.jhorovod.allreduce.timeline.Timeline;
import org.jhorovod.allreduce.timeline.Track;

/** Has what it is asked for negotiated, and run on a lane of its own. */
public final class NegotiatingCommunicator implements NamedCommunicator {
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);

    private final EngineCommunicator planned;
    private final Collectives collectives;
    private final NamedLane lane;
    private final Timeline timeline;

    /**
     * Takes over a communicator that has not been started; to be started with it.
     *
     * @param planner what is fused
     * @param stalls when to tell of names that some ranks do not submit
     * @param forming meets the other ranks on connections of the lane's own
     * @param timeline of this rank
     * @param track where what the lane does is recorded
     */
    public NegotiatingCommunicator(
            EngineCommunicator planned,
            Backends backends,
            ControlPlane control,
            FusionPlanner planner,
            StallReport.Times stalls,
            Supplier<EngineCommunicator> forming,
            Timeline timeline,
            Track track) {
        this.planned = planned;
        this.timeline = timeline;
        Topology self = planned.topology();
        this.collectives = new Collectives(self.size(), backends, planned::fail);
        this.lane = new NamedLane(self, control, planner, stalls, forming, track);
    }

    /** What records on this rank. */
    public Timeline timeline() {
        return timeline;
    }

    @Override
    public EngineCommunicator planned() {
        return planned;
    }

    @Override
    public Topology topology() {
        return planned.topology();
    }

    @Override
    public String transportName() {
        return planned.transportName();
    }

    @Override
    public boolean reducesOnDevice() {
        return planned.reducesOnDevice();
    }

    @Override
    public CompletableFuture<Void> allReduceAsync(String name, Tensor tensor, Reduction reduction) {
        return allReduceAsync(name, tensor, reduction, Request.Grouping.NONE);
    }

    private CompletableFuture<Void> allReduceAsync(
            String name, Tensor tensor, Reduction reduction, Request.Grouping grouping) {
        requireHost(name, tensor);
        CollectiveCall call = collectives.allReduce(name, tensor, reduction).call();
        return lane.submit(
                new Request(call, tensor.shape(), grouping),
                new Named.AllReduce(tensor, reduction, new CompletableFuture<>()));
    }

    @Override
    public CompletableFuture<Void> groupedAllReduceAsync(
            String name, List<? extends Tensor> tensors, Reduction reduction) {
        Request.Grouping grouping = new Request.Grouping(name, tensors.size());
        List<CompletableFuture<Void>> futures = new ArrayList<>();
        for (int i = 0; i < tensors.size(); i++) {
            futures.add(allReduceAsync(name + "/" + i, tensors.get(i), reduction, grouping));
        }
        return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new));
    }

    @Override
    public CompletableFuture<Void> broadcastAsync(String name, Tensor tensor, int root) {
        requireHost(name, tensor);
        CollectiveCall call = collectives.broadcast(name, tensor, root).call();
        return lane.submit(
                new Request(call, tensor.shape(), Request.Grouping.NONE),
                new Named.Broadcast(tensor, root, new CompletableFuture<>()));
    }

    @Override
    public CompletableFuture<Void> allGatherAsync(String name, Tensor input, Tensor output) {
        requireHost(name, input);
        CollectiveCall call = collectives.allGather(name, input, output).call();
        return lane.submit(
                new Request(call, input.shape(), Request.Grouping.NONE),
                new Named.AllGather(input, output, new CompletableFuture<>()));
    }

    @Override
    public CompletableFuture<Void> barrierAsync(String name) {
        CollectiveCall call = collectives.barrier(name).call();
        return lane.submit(
                new Request(call, TensorShape.of(call.elementCount()), Request.Grouping.NONE),
                new Named.Barrier(new CompletableFuture<>()));
    }

    @Override
    public CompletableFuture<Integer> joinAsync() {
        return lane.join();
    }

    private static void requireHost(String name, Tensor tensor) {
        if (tensor instanceof DeviceTensor) {
            throw new IllegalArgumentException(
                    "'%s' is %s, but tensors that are submitted in any order lie in host memory. Copy it there, or call the collective on planned(), in the same order on all ranks."
                            .formatted(name, tensor));
        }
    }

    @Override
    public RegisteredMemory allocate(String name, DataType type, long elementCount) {
        return planned.allocate(name, type, elementCount);
    }

    @Override
    public Communicator split(String name, int colour) {
        return planned.split(name, colour);
    }

    @Override
    public <T> T await(CompletableFuture<T> collective) {
        if (lane.isLaneThread()) {
            throw new IllegalStateException(
                    "A handler of a collective's future waits for another collective, which would"
                            + " wait for ever. Use thenCompose, or another thread.");
        }
        return planned.await(collective);
    }

    @Override
    public void check() {
        planned.check();
    }

    @Override
    public void synchronize() {
        planned.synchronize();
    }

    @Override
    public void close() {
        close(CLOSE_WAIT);
    }

    /** Closes because the process exits: nothing that still waits is worth waiting for. */
    public void closeAtExit() {
        planned.closeAtExit();
        lane.close(Duration.ZERO);
    }

    /**
     * Closes, giving what has been agreed on the given time to complete.
     *
     * @param wait zero or more
     */
    public void close(Duration wait) {
        lane.close(wait);
        planned.close(wait);
    }
}
