package org.jhorovod.allreduce.engine;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.ControlTraffic;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ObjectCodec;
import org.jhorovod.allreduce.collective.ProcessSet;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.RegisteredMemory;
import org.jhorovod.allreduce.collective.SparseRows;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.negotiation.BatchTuning;
import org.jhorovod.allreduce.negotiation.Batching;
import org.jhorovod.allreduce.negotiation.Request;
import org.jhorovod.allreduce.negotiation.StallReport;
import org.jhorovod.allreduce.timeline.Timeline;
import org.jhorovod.allreduce.timeline.Track;
import org.jspecify.annotations.Nullable;

/** Has what it is asked for negotiated, and run on a lane of its own. */
public final class NegotiatingCommunicator extends CheckedCommunicator
        implements NamedCommunicator {
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);

    private final EngineCommunicator planned;
    private final Collectives collectives;
    private final NamedLane lane;
    private final OwnRefusals refusals;
    private final NamedCalls calls;
    private final ProcessSets processSets;
    private final Timeline timeline;
    private final ControlPlane control;

    /**
     * Takes over a communicator that has not been started; to be started with it.
     *
     * @param batching how what is submitted by name is put together
     * @param tuning finds a better way on rank 0, if that is wanted
     * @param stalls when to tell of names that some ranks do not submit
     * @param forming meets the other ranks on connections of the lane's own
     * @param timeline of this rank
     * @param track where what the lane does is recorded
     */
    public NegotiatingCommunicator(
            EngineCommunicator planned,
            ControlPlane control,
            Batching batching,
            Optional<BatchTuning> tuning,
            StallReport.Times stalls,
            Supplier<EngineCommunicator> forming,
            Timeline timeline,
            Track track) {
        this.planned = planned;
        this.timeline = timeline;
        this.control = control;
        Topology self = planned.topology();
        this.collectives = planned.collectives().negotiated();
        this.lane =
                new NamedLane(
                        self, control, batching, tuning, stalls, forming, planned::fail, track);
        this.refusals = new OwnRefusals(lane);
        this.calls = new NamedCalls(lane, refusals);
        this.processSets = new ProcessSets(this, planned.splits());
    }

    @Override
    public ControlTraffic controlTraffic() {
        return control.traffic();
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
    Collectives collectives() {
        return collectives;
    }

    /** The other ranks are told if it fails. */
    @Override
    <T> T checked(String name, Supplier<T> checks) {
        return refusals.checked(name, checks);
    }

    @Override
    CompletableFuture<Void> submit(Collective collective) {
        return lane.submit(
                request(collective),
                Named.<Void>of(
                        (on, entry, takingPart) -> {
                            on.run(collective);
                            return null;
                        }));
    }

    @Override
    void run(Collective collective) {
        await(submit(collective));
    }

    private static Request request(Collective collective) {
        return new Request(collective.call(), collective.shape(), Request.Grouping.NONE);
    }

    @Override
    public CompletableFuture<Void> allReduceAsync(String name, Tensor tensor, Reduction reduction) {
        return calls.submit(name, () -> allReducing(name, tensor, reduction));
    }

    @Override
    public void allReduce(String name, Tensor tensor, Reduction reduction) {
        await(allReduceAsync(name, tensor, reduction));
    }

    @Override
    public CompletableFuture<Void> groupedAllReduceAsync(
            String name, List<? extends Tensor> tensors, Reduction reduction) {
        return CompletableFuture.allOf(
                calls.<Tensor, Void>submitGroup(
                                name,
                                tensors,
                                (member, tensor) -> allReducing(member, tensor, reduction))
                        .toArray(CompletableFuture[]::new));
    }

    private NamedCall<Void> allReducing(String name, Tensor tensor, Reduction reduction) {
        Collective collective = collectives.allReduce(name, tensor, reduction);
        return new NamedCall<>(request(collective), reducing(collective, tensor, reduction));
    }

    private static Named<Void> reducing(Collective collective, Tensor tensor, Reduction reduction) {
        if (!(tensor instanceof HostTensor onHost)) {
            return Named.of(
                    (on, entry, takingPart) -> {
                        throw new IllegalStateException("bug: agreed on " + tensor);
                    });
        }
        return Named.ofFusible(
                onHost,
                reduction.postscale(),
                (on, entry, takingPart) -> {
                    if (takingPart == on.size()) {
                        on.run(collective);
                    } else {
                        String name = collective.call().name();
                        AbsentRank.reduce(on, name, onHost, reduction, takingPart);
                    }
                    return null;
                });
    }

    @Override
    public CompletableFuture<HostTensor> allGatherAsync(String name, HostTensor input) {
        return calls.submit(name, () -> Rows.gathering(name, input));
    }

    @Override
    public CompletableFuture<List<HostTensor>> groupedAllGatherAsync(
            String name, List<HostTensor> inputs) {
        return NamedCalls.all(calls.submitGroup(name, inputs, Rows::gathering));
    }

    @Override
    public CompletableFuture<HostTensor> reduceScatterAsync(
            String name, HostTensor input, Reduction reduction) {
        return calls.submit(name, () -> Rows.scattering(name, input, reduction));
    }

    @Override
    public CompletableFuture<List<HostTensor>> groupedReduceScatterAsync(
            String name, List<HostTensor> inputs, Reduction reduction) {
        return NamedCalls.all(
                calls.submitGroup(
                        name,
                        inputs,
                        (member, input) -> Rows.scattering(member, input, reduction)));
    }

    @Override
    public CompletableFuture<SparseRows> sparseAllReduceAsync(
            String name, SparseRows rows, Reduction reduction) {
        return calls.submit(name, () -> Sparse.reducing(name, rows, reduction, size()));
    }

    @Override
    public CompletableFuture<Received> allToAllAsync(
            String name, HostTensor input, long... rowsToEach) {
        return calls.submit(
                name,
                () -> {
                    input.requireOpen();
                    long[] rows = collectives.rowsToEach(name, input, rowsToEach);
                    return Rows.exchanging(name, input, rows);
                });
    }

    @Override
    public <T> CompletableFuture<T> broadcastObjectAsync(
            String name, @Nullable T value, ObjectCodec<T> codec, int root) {
        HostTensor own = checked(name, () -> sent(name, value, codec, root));
        return gatherObjects(GatheredObjects.request(Kind.OBJECT_BROADCAST, name, own, root), own)
                .thenApply(objects -> GatheredObjects.decode(name, objects.get(0), codec));
    }

    /** What this rank gives to the broadcast of an object. */
    private <T> HostTensor sent(String name, @Nullable T value, ObjectCodec<T> codec, int root) {
        collectives.requireRoot(name, root);
        if (root == rank() && value == null) {
            throw new IllegalArgumentException(
                    "The root %d of the broadcast of the object '%s' has none: it is null."
                            .formatted(root, name));
        }
        return root == rank() && value != null
                ? GatheredObjects.encode(name, value, codec)
                : GatheredObjects.none();
    }

    @Override
    public <T> CompletableFuture<List<T>> allGatherObjectsAsync(
            String name, T value, ObjectCodec<T> codec) {
        HostTensor own = checked(name, () -> GatheredObjects.encode(name, value, codec));
        return gatherObjects(GatheredObjects.request(Kind.OBJECT_ALL_GATHER, name, own, -1), own)
                .thenApply(
                        objects ->
                                objects.stream()
                                        .map(o -> GatheredObjects.decode(name, o, codec))
                                        .toList());
    }

    private CompletableFuture<List<GatheredObjects.FromRank>> gatherObjects(
            Request request, HostTensor own) {
        return lane.submit(
                request,
                Named.of((on, entry, takingPart) -> GatheredObjects.gather(on, entry, own)));
    }

    @Override
    public CompletableFuture<Integer> joinAsync() {
        return lane.join();
    }

    @Override
    public ProcessSet addProcessSet(List<Integer> ranks) {
        return processSets.add(ranks);
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
        lane.hurry();
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
