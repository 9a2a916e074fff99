package org.jhorovod.nccl;

import java.nio.ByteBuffer;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;

/**
 * Memory of a CUDA device that is our own, as a fusion buffer has to be: it lives until {@link
 * #close}, whatever a framework's allocator does meanwhile. Work on it goes through the device's
 * default stream. Used by one thread at a time; to be closed by whoever allocated it, after the
 * work on it has run.
 */
public final class DeviceBuffer implements AutoCloseable {
    private final int device;
    private final long byteCount;
    private final Pointer start;
    private boolean isClosed;

    private DeviceBuffer(int device, long byteCount, Pointer start) {
        this.device = device;
        this.byteCount = byteCount;
        this.start = start;
    }

    /**
     * Allocates memory, with anything in it.
     *
     * @param byteCount one or more
     * @throws IllegalStateException if the device has not as much, or is none
     */
    public static DeviceBuffer allocate(int device, long byteCount) {
        if (byteCount < 1) {
            throw new IllegalArgumentException("No buffer has %d bytes.".formatted(byteCount));
        }
        try {
            CudaException.check(cudart.cudaSetDevice(device), "cudaSetDevice(" + device + ")");
            Pointer start = new DevicePointer(0);
            CudaException.check(cudart.cudaMalloc(start, byteCount), "cudaMalloc");
            return new DeviceBuffer(device, byteCount, start);
        } catch (CudaException e) {
            throw new IllegalStateException(
                    "%d bytes cannot be allocated on device %d: %s"
                            .formatted(byteCount, device, e.getMessage()),
                    e);
        }
    }

    /** The size that was asked for. */
    public long byteCount() {
        return byteCount;
    }

    /** Of the first byte. */
    long address() {
        return open().address();
    }

    /** The first elements of the buffer, as a tensor of the default stream. */
    public DeviceTensor tensor(DataType type, long elementCount) {
        return tensor(type, 0, elementCount);
    }

    /**
     * A part of the buffer, as a tensor of the default stream.
     *
     * @param byteOffset where it starts
     */
    public DeviceTensor tensor(DataType type, long byteOffset, long elementCount) {
        long end = byteOffset + Math.multiplyExact(elementCount, (long) type.byteCount());
        if (byteOffset < 0 || end > byteCount) {
            throw new IndexOutOfBoundsException(
                    "%s[%d] at byte %d does not fit into %d bytes."
                            .formatted(type, elementCount, byteOffset, byteCount));
        }
        return new DeviceTensor(type, elementCount, device, open().address() + byteOffset, 0);
    }

    /** Copies the remaining bytes of direct memory to the start of the buffer, in its turn. */
    public void write(ByteBuffer from) {
        copy(open(), new Pointer(from), from.remaining(), cudart.cudaMemcpyHostToDevice);
    }

    /** Fills the remaining bytes of direct memory from the start of the buffer; waits for them. */
    public void read(ByteBuffer to) {
        copy(new Pointer(to), open(), to.remaining(), cudart.cudaMemcpyDeviceToHost);
        // Copies to pageable memory have waited already; to pinned memory they have not.
        CudaException.check(cudart.cudaStreamSynchronize(null), "cudaStreamSynchronize");
    }

    private void copy(Pointer to, Pointer from, int bytes, int direction) {
        if (bytes > byteCount) {
            throw new IndexOutOfBoundsException(
                    "%d bytes do not fit a buffer of %d.".formatted(bytes, byteCount));
        }
        CudaException.check(cudart.cudaSetDevice(device), "cudaSetDevice");
        CudaException.check(
                cudart.cudaMemcpyAsync(to, from, bytes, direction, null), "cudaMemcpyAsync");
    }

    private Pointer open() {
        if (isClosed) {
            throw new IllegalStateException("The device buffer has been closed.");
        }
        return start;
    }

    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            CudaException.check(cudart.cudaSetDevice(device), "cudaSetDevice");
            CudaException.check(cudart.cudaFree(start), "cudaFree");
        }
    }
}
