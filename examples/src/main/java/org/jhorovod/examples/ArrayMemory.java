package org.jhorovod.examples;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.djl.ArrayTensor;

/**
 * DJL's arrays on a device, of bytes: collectives take them as elements of any type. What copies is
 * submitted to the stream that the all-reduce is ordered in.
 */
final class ArrayMemory implements PerfMemory {
    private final Device device;
    private final NDManager manager;
    private final HostTensor staging;
    private final NDArray input;
    private final NDArray work;

    /**
     * Allocates the arrays.
     *
     * @param byteCount less than 2^31
     */
    ArrayMemory(Device device, long byteCount) {
        long whole = Math.min(HostMemory.roundUp(byteCount), Integer.MAX_VALUE);
        this.device = device;
        this.manager = NDManager.newBaseManager(device);
        this.staging = HostTensor.allocate(DataType.UINT8, whole);
        this.input = manager.zeros(new Shape(whole), ai.djl.ndarray.types.DataType.UINT8);
        this.work = manager.zeros(new Shape(whole), ai.djl.ndarray.types.DataType.UINT8);
    }

    @Override
    public String name() {
        return "memory of " + device;
    }

    @Override
    public HostTensor input(DataType type, long elementCount) {
        return HostMemory.front(staging, type, elementCount);
    }

    @Override
    public void load(long byteCount) {
        ByteBuffer bytes = staging.view(0, byteCount);
        try (NDManager host = manager.newSubManager(Device.cpu());
                NDArray array =
                        host.create(
                                bytes, new Shape(byteCount), ai.djl.ndarray.types.DataType.UINT8);
                NDArray moved = array.toDevice(device, true)) {
            input.set(front(byteCount), moved);
        }
    }

    @Override
    public void copyInput(long byteCount) {
        try (NDArray part = input.get(front(byteCount))) {
            work.set(front(byteCount), part);
        }
    }

    private static NDIndex front(long byteCount) {
        return new NDIndex("0:" + byteCount);
    }

    @Override
    public Tensor work(DataType type, long elementCount) {
        Tensor bytes = ArrayTensor.of(work);
        if (bytes instanceof DeviceTensor on) {
            return new DeviceTensor(type, elementCount, on.device(), on.address(), on.stream());
        }
        return HostMemory.front((HostTensor) bytes, type, elementCount);
    }

    @Override
    public HostTensor result(DataType type, long elementCount) {
        long byteCount = elementCount * type.byteCount();
        try (NDArray part = work.get(front(byteCount));
                NDArray host = part.toDevice(Device.cpu(), true)) {
            staging.view(0, byteCount).put(host.toByteBuffer());
        }
        return input(type, elementCount);
    }

    @Override
    public void close() {
        manager.close();
    }
}
