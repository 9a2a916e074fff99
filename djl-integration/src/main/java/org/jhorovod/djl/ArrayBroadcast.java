package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;

/** Gives all ranks the elements of rank 0's arrays. */
final class ArrayBroadcast {
    private ArrayBroadcast() {}

    /**
     * Replaces every array's elements in place, whatever their type. Blocks for the slowest rank.
     *
     * @param what the arrays are on all ranks, as part of a name
     */
    static void run(Communicator communicator, String what, List<NDArray> arrays) {
        for (int i = 0; i < arrays.size(); i++) {
            NDArray array = arrays.get(i);
            long byteCount = array.size() * array.getDataType().getNumOfBytes();
            if (byteCount == 0) {
                continue;
            }
            // Bytes travel as INT32, because not every type of DJL is one of a collective.
            HostTensor staging =
                    HostTensor.allocate(
                            DataType.INT32, (byteCount + Integer.BYTES - 1) / Integer.BYTES);
            ByteBuffer bytes = staging.buffers().get(0);
            bytes.duplicate().put(TensorMemory.bytes(array));
            communicator.broadcast("%s-%d".formatted(what, i), staging, 0);
            TensorMemory.overwrite(
                    array, target -> target.put(bytes.slice(0, Math.toIntExact(byteCount))));
        }
    }
}
