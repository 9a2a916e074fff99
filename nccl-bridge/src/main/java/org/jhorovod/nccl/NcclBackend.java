package org.jhorovod.nccl;

import java.util.List;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.javacpp.Pointer;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.spi.Backend;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.Operation;
import org.jhorovod.allreduce.spi.Peers;
import org.jspecify.annotations.Nullable;

/** NCCL's collectives on one device of this process; the ranks are met at the first of them. */
final class NcclBackend implements Backend<DeviceTensor> {
    private final Peers peers;
    private final NcclVersion version;
    private final String name;
    private final StreamOrder order;
    // Opened by the engine's thread; null until the first collective.
    private volatile @Nullable NcclSession session;

    NcclBackend(Peers peers, NcclLibraries libraries, StreamOrder order) {
        this.peers = peers;
        this.version = libraries.version();
        this.name = libraries.describe();
        this.order = order;
    }

    @Override
    public String transportName() {
        return name;
    }

    @Override
    public void allReduce(Operation operation, DeviceTensor tensor, Reduction reduction) {
        Pointer data = new DevicePointer(tensor.address());
        int type = NcclNumbers.of(tensor.type());
        int op = NcclNumbers.of(reduction.op());
        long count = tensor.elementCount();
        if (reduction.prescale().isEmpty()) {
            run(
                    operation,
                    tensor,
                    count,
                    (c, s) -> nccl.ncclAllReduce(data, data, count, type, op, c, s));
            return;
        }
        PrescaledSum sum =
                PrescaledSum.of(
                        tensor.type(),
                        reduction.op(),
                        reduction.prescale().getAsDouble(),
                        peers.self().size());
        List<DeviceTensor> parts = sum.parts(tensor, peers.self().size());
        run(operation, tensor, count, (c, s) -> sum.launch(c, made -> reduce(parts, made, c, s)));
    }

    /** Reduces tensors as one group of NCCL's; returns the first result that is no success. */
    private static int reduce(
            List<DeviceTensor> parts, int op, ncclComm communicator, @Nullable CUstream_st stream) {
        NcclGroup group = NcclGroup.begin();
        for (DeviceTensor part : parts) {
            Pointer data = new DevicePointer(part.address());
            int type = NcclNumbers.of(part.type());
            group.launched(
                    nccl.ncclAllReduce(
                            data, data, part.elementCount(), type, op, communicator, stream));
        }
        return group.end();
    }

    @Override
    public void broadcast(Operation operation, DeviceTensor tensor, int root) {
        Pointer data = new DevicePointer(tensor.address());
        int type = NcclNumbers.of(tensor.type());
        long count = tensor.elementCount();
        run(
                operation,
                tensor,
                count,
                (c, s) -> nccl.ncclBroadcast(data, data, count, type, root, c, s));
    }

    @Override
    public void allGather(Operation operation, DeviceTensor input, DeviceTensor output) {
        requireOneStream(operation, input, output);
        Pointer from = new DevicePointer(input.address());
        Pointer to = new DevicePointer(output.address());
        int type = NcclNumbers.of(input.type());
        long count = input.elementCount();
        run(operation, input, count, (c, s) -> nccl.ncclAllGather(from, to, count, type, c, s));
    }

    @Override
    public void allGather(
            Operation operation, DeviceTensor input, DeviceTensor output, Parts parts) {
        requireOneStream(operation, input, output);
        NcclParts launch = new NcclParts(peers.self(), input, output);
        run(operation, input, parts.total(), (c, s) -> launch.allGather(parts, c, s));
    }

    @Override
    public void reduceScatter(
            Operation operation,
            DeviceTensor input,
            DeviceTensor output,
            Reduction reduction,
            Parts parts) {
        requireOneStream(operation, input, output);
        NcclParts launch = new NcclParts(peers.self(), input, output);
        run(
                operation,
                input,
                parts.total(),
                (c, s) -> launch.reduceScatter(reduction, parts, c, s));
    }

    @Override
    public void allToAll(
            Operation operation, DeviceTensor input, DeviceTensor output, ExchangeCounts counts) {
        requireOneStream(operation, input, output);
        NcclParts launch = new NcclParts(peers.self(), input, output);
        run(operation, input, counts.largest(), (c, s) -> launch.allToAll(counts, c, s));
    }

    private void requireOneStream(Operation operation, DeviceTensor input, DeviceTensor output) {
        if (input.stream() != output.stream() || input.device() != output.device()) {
            throw new MismatchException(
                    "%s cannot run %s: its input is %s with stream %d, its output %s with stream %d. Both must be on one device and in one stream."
                            .formatted(
                                    new Reports(peers).self(),
                                    operation.call().describe(),
                                    input,
                                    input.stream(),
                                    output,
                                    output.stream()));
        }
    }

    /**
     * Runs a collective in the tensor's stream.
     *
     * @param count is 0 where no rank has anything to do; that is the same on all ranks, which have
     *     compared their calls
     */
    private void run(
            Operation operation,
            DeviceTensor tensor,
            long count,
            NcclSession.Collective collective) {
        if (count == 0) {
            return;
        }
        int result = cudart.cudaSetDevice(tensor.device());
        if (result != cudart.cudaSuccess) {
            throw new Reports(peers)
                    .gaveUp(
                            operation,
                            "cudaSetDevice(%d) failed: %s"
                                    .formatted(tensor.device(), CudaException.describe(result)));
        }
        sessionFor(operation, tensor).run(operation, tensor.stream(), collective);
    }

    private NcclSession sessionFor(Operation operation, DeviceTensor tensor) {
        NcclSession known = session;
        if (known == null) {
            known = meet(operation, tensor.device());
        }
        if (known.device() != tensor.device()) {
            throw new MismatchException(
                    "%s was given %s for %s, but works on device %d since its first collective. A rank has one device."
                            .formatted(
                                    new Reports(peers).self(),
                                    tensor,
                                    operation.call().describe(),
                                    known.device()));
        }
        return known;
    }

    private NcclSession meet(Operation operation, int device) {
        try {
            NcclMeeting meeting = new NcclMeeting(peers, version, operation);
            NcclSession begun = NcclSession.begin(device, peers, order, meeting);
            session = begun;
            begun.connect(operation, peers.self().size(), meeting);
            return begun;
        } catch (CollectiveException e) {
            throw e;
        } catch (RuntimeException e) {
            // No memory on the device, NCCL refuses, or the rendezvous does not answer.
            throw new Reports(peers).gaveUp(operation, e);
        }
    }

    @Override
    public void wakeup() {
        NcclSession known = session;
        if (known != null) {
            known.wakeup();
        }
    }

    @Override
    public int unfinished() {
        NcclSession known = session;
        return known == null ? 0 : known.unfinished();
    }

    @Override
    public void close() {
        NcclSession known = session;
        if (known != null) {
            // Also on a device that is lost: the communicator has to end.
            Closing.quietly(
                    () ->
                            CudaException.check(
                                    cudart.cudaSetDevice(known.device()), "cudaSetDevice"));
            known.close();
        }
    }
}
