package org.jhorovod.djl;

import java.nio.ByteBuffer;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;

/** Gives all ranks the parameters and running statistics of rank 0. */
final class ParameterBroadcast {
    private ParameterBroadcast() {}

    /**
     * Replaces every parameter's elements in place, whatever their type. Blocks for the slowest
     * rank.
     */
    static void run(Communicator communicator, String owner, List<NamedParameter> parameters) {
        for (int i = 0; i < parameters.size(); i++) {
            NamedParameter parameter = parameters.get(i);
            long byteCount =
                    parameter.array().size() * parameter.array().getDataType().getNumOfBytes();
            // Bytes travel as INT32, because not every type of DJL is one of a collective.
            HostTensor staging =
                    HostTensor.allocate(
                            DataType.INT32, (byteCount + Integer.BYTES - 1) / Integer.BYTES);
            if (byteCount == 0) {
                continue;
            }
            ByteBuffer bytes = staging.buffers().get(0);
            bytes.duplicate().put(TensorMemory.bytes(parameter.array()));
            communicator.broadcast("%s/parameter-%d".formatted(owner, i), staging, 0);
            TensorMemory.overwrite(
                    parameter.array(),
                    target -> target.put(bytes.slice(0, Math.toIntExact(byteCount))));
        }
    }
}
