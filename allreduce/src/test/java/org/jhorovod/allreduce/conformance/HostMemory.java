package org.jhorovod.allreduce.conformance;

import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Tensor;

/** Host memory: the elements are where the backend wants them already. */
public final class HostMemory implements TensorPlace {

    @Override
    public boolean isOnDevice() {
        return false;
    }

    @Override
    public Tensor put(HostTensor elements) {
        return elements;
    }

    @Override
    public Tensor part(Tensor whole, long firstElement, long elementCount) {
        if (elementCount == 0) {
            return HostTensor.allocate(whole.type(), 0);
        }
        long bytes = whole.type().byteCount();
        HostTensor tensor = (HostTensor) whole;
        return HostTensor.of(whole.type(), tensor.view(firstElement * bytes, elementCount * bytes));
    }

    @Override
    public HostTensor fetch(Tensor tensor) {
        return (HostTensor) tensor;
    }

    @Override
    public void release(Tensor tensor) {}
}
