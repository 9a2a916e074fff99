package org.jhorovod.allreduce.spi;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalInt;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;

/**
 * Memory for tensors.
 *
 * @param buffers zeros, as one sequence
 * @param number by which the backend knows it again, the same on all ranks; empty for ordinary
 *     memory
 */
public record Allocation(List<ByteBuffer> buffers, OptionalInt number) {

    /** Memory of this process alone. */
    public static Allocation ordinary(long byteCount) {
        return new Allocation(
                HostTensor.allocate(DataType.INT8, byteCount).buffers(), OptionalInt.empty());
    }
}
