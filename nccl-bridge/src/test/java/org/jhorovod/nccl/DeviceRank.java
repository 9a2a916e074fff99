package org.jhorovod.nccl;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.conformance.ConformanceRank;
import org.jhorovod.allreduce.conformance.TensorPlace;

/** A rank of the conformance suite whose tensors lie on its device. */
public final class DeviceRank {

    private DeviceRank() {}

    /** Runs the named cases. */
    public static void main(String[] caseNames) {
        ConformanceRank.run(caseNames, communicator -> new DevicePlace());
    }

    private static final class DevicePlace implements TensorPlace {
        private final Map<Long, DeviceBuffer> buffers = new HashMap<>();

        @Override
        public boolean isOnDevice() {
            return true;
        }

        @Override
        public Tensor put(HostTensor elements) {
            DeviceBuffer buffer = DeviceBuffer.allocate(0, Math.max(1, elements.byteCount()));
            for (ByteBuffer bytes : elements.buffers()) {
                buffer.write(bytes);
            }
            DeviceTensor tensor = buffer.tensor(elements.type(), elements.elementCount());
            buffers.put(tensor.address(), buffer);
            return tensor;
        }

        @Override
        public Tensor part(Tensor whole, long firstElement, long elementCount) {
            DeviceTensor tensor = (DeviceTensor) whole;
            return buffer(tensor)
                    .tensor(tensor.type(), firstElement * tensor.type().byteCount(), elementCount);
        }

        @Override
        public HostTensor fetch(Tensor tensor) {
            HostTensor elements = HostTensor.allocate(tensor.type(), tensor.elementCount());
            for (ByteBuffer bytes : elements.buffers()) {
                buffer((DeviceTensor) tensor).read(bytes);
            }
            return elements;
        }

        @Override
        public void release(Tensor tensor) {
            buffer((DeviceTensor) tensor).close();
            buffers.remove(((DeviceTensor) tensor).address());
        }

        private DeviceBuffer buffer(DeviceTensor tensor) {
            return Objects.requireNonNull(buffers.get(tensor.address()));
        }
    }
}
