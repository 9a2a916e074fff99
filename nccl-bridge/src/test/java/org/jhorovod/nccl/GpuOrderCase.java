package org.jhorovod.nccl;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.cuda.global.cudart;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.ranks.RankCase;

/**
 * Writes a tensor behind slow work of the same stream, sums it and copies the sum, without a wait
 * between. Argument: how often. Returns how many sums came out wrong.
 */
final class GpuOrderCase implements RankCase {
    private static final DataType TYPE = DataType.FLOAT32;
    private static final int COUNT = 1 << 20;
    private static final long BYTES = (long) COUNT * Float.BYTES;
    private static final long SLOW_BYTES = 1L << 28;
    // On an H100 some 0.2 ms each.
    private static final int SLOW_COPIES = 100;

    @Override
    public String run(Communicator communicator, List<String> arguments) {
        int wrong = 0;
        try (DeviceBuffer own = DeviceBuffer.allocate(0, BYTES);
                DeviceBuffer tensor = DeviceBuffer.allocate(0, BYTES);
                DeviceBuffer result = DeviceBuffer.allocate(0, BYTES);
                DeviceBuffer from = DeviceBuffer.allocate(0, SLOW_BYTES);
                DeviceBuffer to = DeviceBuffer.allocate(0, SLOW_BYTES)) {
            // The first collective meets the other ranks, which takes longer than the slow work.
            communicator.allReduce("first", tensor.tensor(TYPE, 1), ReduceOp.SUM);
            communicator.synchronize();
            for (int round = 0; round < Integer.parseInt(arguments.get(0)); round++) {
                own.write(
                        Elements.encode(
                                TYPE, Elements.of(TYPE, communicator.rank(), COUNT, round)));
                tensor.write(Elements.encode(TYPE, new double[COUNT]));
                communicator.barrier("begin");
                for (int i = 0; i < SLOW_COPIES; i++) {
                    copy(to, from, SLOW_BYTES);
                }
                copy(tensor, own, BYTES);
                communicator.allReduce("sum", tensor.tensor(TYPE, COUNT), ReduceOp.SUM);
                copy(result, tensor, BYTES);
                ByteBuffer bytes = ByteBuffer.allocateDirect((int) BYTES);
                result.read(bytes);
                double[] expected =
                        Elements.reduced(TYPE, ReduceOp.SUM, communicator.size(), COUNT, round);
                if (!Arrays.equals(Elements.decode(TYPE, bytes), expected)) {
                    wrong++;
                }
                communicator.synchronize();
            }
        }
        return wrong + " wrong";
    }

    private static void copy(DeviceBuffer to, DeviceBuffer from, long bytes) {
        CudaException.check(
                cudart.cudaMemcpyAsync(
                        new DevicePointer(to.address()),
                        new DevicePointer(from.address()),
                        bytes,
                        cudart.cudaMemcpyDeviceToDevice,
                        null),
                "cudaMemcpyAsync");
    }
}
