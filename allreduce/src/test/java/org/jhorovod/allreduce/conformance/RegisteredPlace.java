package org.jhorovod.allreduce.conformance;

import java.nio.ByteBuffer;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.RegisteredMemory;
import org.jhorovod.allreduce.collective.Tensor;

/** Registered memory, as a stack; what does not fit lies in ordinary memory. */
public final class RegisteredPlace implements TensorPlace {
    private static final long CAPACITY = 10L << 20;
    private static final long ALIGNMENT = 16;

    private final RegisteredMemory memory;
    private long top;

    /** Allocates on all ranks, which do so at the same time. */
    public RegisteredPlace(Communicator communicator) {
        memory = communicator.allocate(DataType.INT8, CAPACITY);
    }

    @Override
    public boolean isOnDevice() {
        return false;
    }

    @Override
    public Tensor put(HostTensor elements) {
        if (top + elements.byteCount() > CAPACITY) {
            return elements;
        }
        HostTensor tensor = memory.slice(elements.type(), top, elements.elementCount());
        top = (top + elements.byteCount() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        List<ByteBuffer> from = elements.buffers();
        List<ByteBuffer> to = tensor.buffers();
        for (int i = 0; i < from.size(); i++) {
            to.get(i).put(from.get(i));
        }
        return tensor;
    }

    @Override
    public Tensor part(Tensor whole, long firstElement, long elementCount) {
        HostTensor tensor = (HostTensor) whole;
        if (tensor.registration().isEmpty()) {
            return new HostMemory().part(whole, firstElement, elementCount);
        }
        long offset = tensor.registrationOffset() + firstElement * whole.type().byteCount();
        return memory.slice(whole.type(), offset, elementCount);
    }

    @Override
    public HostTensor fetch(Tensor tensor) {
        return (HostTensor) tensor;
    }

    @Override
    public void close() {
        memory.close();
    }

    @Override
    public void release(Tensor tensor) {
        HostTensor host = (HostTensor) tensor;
        if (host.registration().isPresent()) {
            top = Math.min(top, host.registrationOffset());
        }
    }
}
