package org.jhorovod.allreduce.engine;

import java.nio.ByteBuffer;
import java.util.List;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;

/** Memory in which several tensors run as one. Owned by the lane's thread. */
final class FusionBuffer {
    private ByteBuffer memory = ByteBuffer.allocateDirect(0);

    /** Copies the tensors, one after the other, and returns them as one; good until the next. */
    HostTensor pack(DataType type, List<HostTensor> tensors) {
        int byteCount = Math.toIntExact(tensors.stream().mapToLong(HostTensor::byteCount).sum());
        if (memory.capacity() < byteCount) {
            memory = ByteBuffer.allocateDirect(byteCount);
        }
        ByteBuffer target = memory.duplicate().clear();
        for (HostTensor tensor : tensors) {
            tensor.buffers().forEach(target::put);
        }
        return HostTensor.of(type, target.flip());
    }

    /** Copies them back from where they were packed. */
    void unpack(List<HostTensor> tensors) {
        int offset = 0;
        for (HostTensor tensor : tensors) {
            for (ByteBuffer buffer : tensor.buffers()) {
                int bytes = buffer.remaining();
                buffer.put(memory.slice(offset, bytes));
                offset += bytes;
            }
        }
    }
}
