package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Tensor;

/**
 * Collectives on arrays of a program's own: the elements of an {@link NDArray} as a tensor, without
 * a copy.
 *
 * <pre>{@code
 * NDArray counts = manager.create(new float[] {right, seen});
 * communicator.allReduce("counts", ArrayTensor.of(counts), ReduceOp.SUM);
 * }</pre>
 *
 * <p>On a CPU the array holds the result when the collective's future completes. On a GPU the
 * collective is ordered in the default stream, on which DJL's PyTorch computes: operations on the
 * array that are called afterwards see the result, and {@link
 * org.jhorovod.allreduce.collective.Communicator#synchronize()} waits until it is there, and whole.
 * Not yet run on a GPU.
 */
public final class ArrayTensor {
    private static final long DEFAULT_STREAM = 0;

    private ArrayTensor() {}

    /**
     * The elements of an array, in row order, wherever it lies. The shape takes no part: ranks may
     * give different shapes of as many elements. Does not block.
     *
     * <p>The memory stays the array's: keep the array open, and leave it alone, until the
     * collective is done; on a GPU until {@code synchronize()} has returned.
     *
     * @param array of DJL's PyTorch, contiguous, at most 2^31-1 bytes
     * @return a {@link DeviceTensor} if the array lies on a GPU, otherwise a {@link HostTensor}
     * @throws IllegalArgumentException if the array is not contiguous, is too large, or has a type
     *     that collectives do not carry
     */
    public static Tensor of(NDArray array) {
        if (!(array instanceof PtNDArray)) {
            throw new IllegalArgumentException(
                    "The array is of DJL's engine %s, but collectives take those of PyTorch alone. Add ai.djl.pytorch:pytorch-engine, and no other engine, to the class path."
                            .formatted(array.getManager().getEngine().getEngineName()));
        }
        DataType type = type(array);
        long byteCount = Math.multiplyExact(array.size(), (long) type.byteCount());
        if (byteCount > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "The array of shape %s has %d bytes; DJL gives the address of 2^31-1 at most. Reduce it in parts, such as array.get(\"0:1000\")."
                            .formatted(array.getShape(), byteCount));
        }
        if (!DeviceAddress.isContiguous(array)) {
            throw new IllegalArgumentException(
                    "The array of shape %s is a view whose elements do not lie in row order. Give array.duplicate() to the collective."
                            .formatted(array.getShape()));
        }
        Device device = array.getDevice();
        if (!device.isGpu()) {
            return HostTensor.of(type, TensorMemory.bytes(array));
        }
        long address = array.isEmpty() ? 0 : DeviceAddress.of(array);
        return new DeviceTensor(
                type, array.size(), Math.max(0, device.getDeviceId()), address, DEFAULT_STREAM);
    }

    private static DataType type(NDArray array) {
        return switch (array.getDataType()) {
            case FLOAT32 -> DataType.FLOAT32;
            case FLOAT64 -> DataType.FLOAT64;
            case FLOAT16 -> DataType.FLOAT16;
            case BFLOAT16 -> DataType.BFLOAT16;
            case INT32 -> DataType.INT32;
            case INT64 -> DataType.INT64;
            case INT8 -> DataType.INT8;
            case UINT8 -> DataType.UINT8;
            case BOOLEAN -> DataType.BOOL;
            default ->
                    throw new IllegalArgumentException(
                            "Collectives do not carry elements of type %s. Convert the array with toType."
                                    .formatted(array.getDataType()));
        };
    }
}
