package org.jhorovod.nccl;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.javacpp.FloatPointer;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.ranks.RankCase;

/**
 * NCCL's functions without the bridge, on a communicator of their own, against what they must be.
 * Each rank puts in {rank + 1, 10 (rank + 1), ...}; returns what each collective gave this rank.
 */
final class RawNcclCase implements RankCase {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @Override
    public String run(Communicator communicator, List<String> arguments) throws Exception {
        CudaException.check(cudart.cudaSetDevice(0), "cudaSetDevice");
        NcclCommunicator raw =
                NcclCommunicator.begin(shareId(communicator), communicator.topology());
        awaitThrough(raw);
        Memory memory = new Memory(communicator.rank(), communicator.size());
        String results =
                String.join(
                        "; ",
                        "reduce " + reduce(raw, memory),
                        "scatter " + reduceScatter(raw, memory),
                        "ring " + sendAround(raw, memory),
                        "host factor " + premultiplied(raw, memory, true),
                        "device factor " + premultiplied(raw, memory, false));
        boolean ended = raw.finish(PATIENCE);
        return results + "; ended " + ended;
    }

    private static UniqueId shareId(Communicator communicator) {
        HostTensor line = HostTensor.allocate(DataType.UINT8, 300);
        ByteBuffer bytes = line.buffers().get(0);
        if (communicator.rank() == 0) {
            UniqueId id = UniqueId.create(new NcclVersion(22105));
            for (char letter : (id.encode() + " ").toCharArray()) {
                bytes.put((byte) letter);
            }
        }
        communicator.broadcast("id", line, 0);
        StringBuilder text = new StringBuilder();
        ByteBuffer received = line.buffers().get(0);
        for (int i = 0; i < received.capacity(); i++) {
            text.append((char) received.get(i));
        }
        return UniqueId.decode(text.toString().strip().replace("\0", "").strip()).orElseThrow();
    }

    private static void awaitThrough(NcclCommunicator raw) {
        Awaitility.await().atMost(PATIENCE).until(() -> raw.state() != nccl.ncclInProgress);
        NcclException.check(raw.state(), "the call before");
    }

    /** Inputs and outputs on the device, in the default stream. */
    private record Memory(int rank, int size, DeviceBuffer input, DeviceBuffer output) {

        Memory(int rank, int size) {
            this(rank, size, DeviceBuffer.allocate(0, 64), DeviceBuffer.allocate(0, 64));
        }

        DevicePointer in() {
            ByteBuffer bytes = ByteBuffer.allocateDirect(4 * size).order(ByteOrder.nativeOrder());
            for (int i = 0, factor = 1; i < size; i++, factor *= 10) {
                bytes.putFloat((rank + 1) * factor);
            }
            input.write(bytes.flip());
            return new DevicePointer(input.address());
        }

        DevicePointer out() {
            return new DevicePointer(output.address());
        }

        String result(int count) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder());
            output.read(bytes);
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < count; i++) {
                text.append(i == 0 ? "" : " ").append((int) bytes.getFloat(4 * i));
            }
            return text.toString();
        }
    }

    private static String reduce(NcclCommunicator raw, Memory m) {
        int last = m.size() - 1;
        call(
                raw,
                c ->
                        nccl.ncclReduce(
                                m.in(),
                                m.out(),
                                m.size(),
                                nccl.ncclFloat32,
                                nccl.ncclSum,
                                last,
                                c,
                                null));
        return m.rank() == last ? m.result(m.size()) : "-";
    }

    private static String reduceScatter(NcclCommunicator raw, Memory m) {
        call(
                raw,
                c ->
                        nccl.ncclReduceScatter(
                                m.in(), m.out(), 1, nccl.ncclFloat32, nccl.ncclSum, c, null));
        return m.result(1);
    }

    /** To the next, from the one before; would stand still if the two were not one. */
    private static String sendAround(NcclCommunicator raw, Memory m) {
        int next = (m.rank() + 1) % m.size();
        int before = (m.rank() + m.size() - 1) % m.size();
        DevicePointer from = m.in();
        call(
                raw,
                c -> {
                    NcclException.check(nccl.ncclGroupStart(), "ncclGroupStart");
                    NcclException.check(
                            nccl.ncclRecv(m.out(), 1, nccl.ncclFloat32, before, c, null),
                            "ncclRecv");
                    NcclException.check(
                            nccl.ncclSend(from, 1, nccl.ncclFloat32, next, c, null), "ncclSend");
                    return nccl.ncclGroupEnd();
                });
        return m.result(1);
    }

    /** A sum of products with 3. */
    private static String premultiplied(NcclCommunicator raw, Memory m, boolean isOnHost) {
        int[] op = new int[1];
        FloatPointer factor = new FloatPointer(1L).put(3);
        DeviceBuffer onDevice = DeviceBuffer.allocate(0, 4);
        onDevice.write(factor.asByteBuffer());
        call(
                raw,
                c ->
                        nccl.ncclRedOpCreatePreMulSum(
                                op,
                                isOnHost ? factor : new DevicePointer(onDevice.address()),
                                nccl.ncclFloat32,
                                isOnHost ? nccl.ncclScalarHostImmediate : nccl.ncclScalarDevice,
                                c));
        call(raw, c -> nccl.ncclAllReduce(m.in(), m.out(), 1, nccl.ncclFloat32, op[0], c, null));
        String result = m.result(1);
        call(raw, c -> nccl.ncclRedOpDestroy(op[0], c));
        onDevice.close();
        return result;
    }

    private static void call(NcclCommunicator raw, NcclCommunicator.Call call) {
        NcclException.check(raw.call(call), "the call");
        awaitThrough(raw);
    }
}
